# Toolchain: 64-bit ARM by Debian's cross compiler, its programs run by QEMU where that is here. What is
# needed: scripts/setup --neon. Used by the preset neon.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(HYENA_QEMU NAMES qemu-aarch64-static qemu-aarch64)
if(HYENA_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${HYENA_QEMU};-L;/usr/aarch64-linux-gnu")
endif()

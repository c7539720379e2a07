# cmake --install: the libraries with their headers, the program, and the package file for
# find_package(hyena). Left out for a build from a bundle, whose libraries no user could find again,
# and for the fuzz build.
include_guard(GLOBAL)
if(HYENA_DEPS_DIR OR HYENA_FUZZ)
  return()
endif()

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/hyena")
get_property(_libraries GLOBAL PROPERTY HYENA_LIBRARIES)
install(
  TARGETS ${_libraries}
  EXPORT hyena
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/hyena")
if(TARGET hyena)
  install(TARGETS hyena RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(EXPORT hyena NAMESPACE hyena:: FILE hyenaTargets.cmake DESTINATION "${_package}")
set(HYENA_WITH_PAINT FALSE)
if(TARGET hyena_inspect_paint)
  set(HYENA_WITH_PAINT TRUE)
endif()
configure_package_config_file(cmake/hyenaConfig.cmake.in "${PROJECT_BINARY_DIR}/hyenaConfig.cmake"
                              INSTALL_DESTINATION "${_package}" NO_SET_AND_CHECK_MACRO
                              NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/hyenaConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/hyenaConfig.cmake"
              "${PROJECT_BINARY_DIR}/hyenaConfigVersion.cmake"
              cmake/FindHyenaTorch.cmake
              cmake/FindOpenCV.cmake
        DESTINATION "${_package}")

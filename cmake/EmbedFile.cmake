# cmake -DFROM=FILE -DTO=FILE.cpp -DNAME=name -P EmbedFile.cmake
# Writes a C++ source that holds the bytes of FROM as `NAME`, and how many as `NAME_bytes`.
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE "${TO}" "extern const unsigned char ${NAME}[];
extern const unsigned long long ${NAME}_bytes;
alignas(16) const unsigned char ${NAME}[] = {
${bytes}
};
const unsigned long long ${NAME}_bytes = sizeof(${NAME});
")

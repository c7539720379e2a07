#include "backbone/pickle/opcodes.h"

namespace hyena::backbone {

std::string_view refused_opcode(unsigned char code) {
  switch (code) {
    case 'F':
      return "FLOAT of protocol 0";
    case 'I':
      return "INT of protocol 0";
    case 'L':
      return "LONG of protocol 0";
    case 'P':
      return "PERSID of protocol 0";
    case 'S':
      return "STRING of protocol 0";
    case 'V':
      return "UNICODE of protocol 0";
    case 'g':
      return "GET of protocol 0";
    case 'p':
      return "PUT of protocol 0";
    case 'i':
      return "INST of protocol 0";
    case 'o':
      return "OBJ of protocol 1";
    case 0x82:
      return "EXT1";
    case 0x83:
      return "EXT2";
    case 0x84:
      return "EXT4";
    case 0x97:
      return "NEXT_BUFFER";
    case 0x98:
      return "READONLY_BUFFER";
    default:
      return "";
  }
}

}  // namespace hyena::backbone

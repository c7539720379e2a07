#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <string>

#include "inspect/paint/export.h"

namespace hyena::inspect {
namespace {

/// "20261122164015" at `seconds`, in UTC.
std::string stamp(long long seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%Y%m%d%H%M%S", &parts)};
}

/// Within the string in parentheses after `key`: the digits of the date, and zeros for its zone.
void set_date(std::string& pdf, const std::string& key, const std::string& digits) {
  std::size_t at = 0;
  while ((at = pdf.find(key, at)) != std::string::npos) {
    at += key.size();
    std::size_t next = 0;
    for (; at < pdf.size() && pdf[at] != ')' && pdf[at] != '\n'; ++at) {
      char& c = pdf[at];
      if (std::isdigit(static_cast<unsigned char>(c))) {
        c = next < digits.size() ? digits[next] : '0';
        ++next;
      } else if (c == '-') {
        c = '+';
      }
    }
  }
}

}  // namespace

std::string without_clock(std::string pdf, long long seconds) {
  const std::string digits = stamp(seconds);
  set_date(pdf, "/CreationDate (D:", digits);
  set_date(pdf, "/ModDate (D:", digits);
  // The trailer's: two strings of hexadecimal digits.
  if (std::size_t at = pdf.rfind("/ID ["); at != std::string::npos) {
    for (; at < pdf.size() && pdf[at] != ']'; ++at) {
      if (pdf[at] != '<') continue;
      for (++at; at < pdf.size() && pdf[at] != '>'; ++at) pdf[at] = '0';
    }
  }
  return pdf;
}

}  // namespace hyena::inspect

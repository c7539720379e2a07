#include "inspect/exports/report.h"

#include <algorithm>

#include "inspect/figure/figure_text.h"
#include "inspect/format.h"

namespace hyena::inspect {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --page: #ffffff; --text: #14171c; --text2: #4a5260;
  --line: #d6dae1; --card: #f5f6f8; }
@media (prefers-color-scheme: dark) { :root { --page: #14171c; --text: #e8eaed; --text2: #a5adba;
  --line: #333a45; --card: #1c2027; } }
body { background: var(--page); color: var(--text); max-width: 1240px; margin: 0 auto;
  padding: 24px 20px 60px; font: 15px/1.55 Inter, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 44px 0 8px;
  border-bottom: 1px solid var(--line); padding-bottom: 4px; text-transform: capitalize; }
h3 { font-size: 16px; margin: 28px 0 2px; } p { margin: 4px 0 8px; }
.quiet, figcaption { color: var(--text2); font-size: 13px; }
code, pre { font-family: "JetBrains Mono", Consolas, monospace; font-size: 12px; }
pre { background: var(--card); padding: 12px 14px; overflow-x: auto; border-radius: 6px; }
figure { margin: 10px 0 0; } img { max-width: 100%; height: auto; display: block; }
nav a { margin-right: 14px; color: inherit; } ul { padding-left: 20px; }
)";

/// Text as it may stand between tags and in quotes. Bytes that are no UTF-8 and signs that XML
/// knows not become U+FFFD.
std::string escaped(const std::string& text) {
  std::string out;
  const auto follows = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t more = byte < 0x80                   ? 0
                             : byte >= 0xF0 && byte < 0xF5 ? 3
                             : byte >= 0xE0                ? 2
                                                           : 1;
    bool whole = byte < 0x80 || (byte >= 0xC2 && byte < 0xF5);
    for (std::size_t j = 1; j <= more; ++j) whole = whole && follows(i + j);
    if (!whole || (byte < 0x20 && byte != '\n' && byte != '\t')) {
      out += "\xEF\xBF\xBD";
    } else if (byte == '&') {
      out += "&amp;";
    } else if (byte == '<') {
      out += "&lt;";
    } else if (byte == '>') {
      out += "&gt;";
    } else if (byte == '"') {
      out += "&quot;";
    } else {
      out += text.substr(i, more + 1);
      i += more;
    }
  }
  return out;
}

std::string element(const std::string& tag, const std::string& text, const std::string& kind = "") {
  return "<" + tag + (kind.empty() ? "" : " class=\"" + kind + "\"") + ">" + escaped(text) + "</" +
         tag + ">\n";
}

std::string anchor(const std::string& id) {
  std::string name = id;
  std::ranges::replace_if(
      name, [](char c) { return !(std::isalnum(static_cast<unsigned char>(c)) || c == '-'); }, '-');
  return name;
}

std::string picture(const ReportFigure& figure) {
  if (figure.light.empty()) return "";
  std::string out = "<picture>\n";
  if (!figure.dark.empty()) {
    out += "<source media=\"(prefers-color-scheme: dark)\" srcset=\"" + escaped(figure.dark) +
           "\" />\n";
  }
  return out + "<img src=\"" + escaped(figure.light) + "\" alt=\"" + escaped(figure.description) +
         "\" />\n</picture>\n";
}

std::string list(const std::vector<std::string>& lines) {
  std::string out = "<ul class=\"quiet\">\n";
  for (const auto& line : lines) out += element("li", line);
  return lines.empty() ? "" : out + "</ul>\n";
}

}  // namespace

ReportFigure report_figure(const Figure& figure, const std::string& group,
                           const std::string& summary) {
  return {.group = group,
          .view = figure.view.empty() ? figure.provenance.view : figure.view,
          .title = figure.title,
          .subtitle = figure.subtitle,
          .summary = summary,
          .caption = caption_text(figure),
          .description = describe(figure)};
}

std::vector<std::string> report_facts(const Subject* model, const Subject* second,
                                      const Stimulus* input) {
  std::vector<std::string> lines;
  const auto add = [&](const char* what, const ModelFacts& facts) {
    lines.push_back(std::string(what) + facts.file + ": " + facts.name + ", " + facts.kind + ", " +
                    count_text(static_cast<double>(facts.parameters)) + " parameters, " +
                    std::to_string(facts.layers.size()) + " layers, " + facts.dtype + ", " +
                    facts.device);
    if (!facts.sha256.empty()) lines.push_back("sha256 " + facts.sha256);
  };
  if (model) add("Model ", model->facts());
  if (second) add("Compared with ", second->facts());
  if (input) {
    std::string name;
    for (const char c : input->name().substr(0, 400)) name += c;
    lines.push_back("Input " + name + (input->name().size() > 400 ? " …" : ""));
  }
  return lines;
}

std::string report_html(const Report& report) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
      "<meta charset=\"utf-8\" />\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
      // The page says itself that nothing runs in it and nothing is fetched.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "img-src data:; style-src 'unsafe-inline'\" />\n";
  out += element("title", report.title);
  out += std::string("<style>") + kStyle + "</style>\n</head>\n<body>\n";
  out += element("h1", report.title);
  out += list(report.facts);
  std::string group;
  out += "<nav>\n";
  for (const auto& figure : report.figures) {
    if (figure.group != group) {
      group = figure.group;
      out += "<a href=\"#group-" + anchor(group) + "\">" + escaped(group) + "</a>\n";
    }
  }
  out += "</nav>\n";
  group.clear();
  for (const auto& figure : report.figures) {
    if (figure.group != group) {
      group = figure.group;
      out += "<h2 id=\"group-" + anchor(group) + "\">" + escaped(group) + "</h2>\n";
    }
    out += "<section id=\"" + anchor(figure.view) + "\">\n";
    out += element("h3", figure.title + (figure.subtitle.empty() ? "" : " · " + figure.subtitle));
    out += "<p class=\"quiet\"><code>" + escaped(figure.view) + "</code> " +
           escaped(figure.summary) + "</p>\n";
    out += "<figure>\n" + picture(figure) + element("figcaption", figure.caption) +
           "</figure>\n</section>\n";
  }
  if (!report.card.empty()) out += element("h2", "Model card") + element("pre", report.card);
  if (!report.notes.empty()) out += element("h2", "Left out") + list(report.notes);
  return out + element("p", "Made by " + report.program + ".", "quiet") + "</body>\n</html>\n";
}

}  // namespace hyena::inspect

#include "cli/figure_flags.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/figure_writer.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"
#include "cli/signals.h"
#include "inspect/exports/failure.h"

namespace hyena::cli {
namespace {

using inspect::ExportFailure;
using inspect::FailureKind;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) {
    throw ExportFailure(FailureKind::file, file + ": no such file, or it cannot be read");
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

int report_failure(const char* command, bool json, FailureKind kind, const std::string& message) {
  if (json) {
    const nlohmann::json error = {
        {"error", {{"kind", inspect::name_of(kind)}, {"message", message}}}};
    std::cout << error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    std::cerr << command << ": " << message << "\n";
  }
  return static_cast<int>(kind);
}

}  // namespace

FigureFlags::FigureFlags(CLI::App& app) {
  app.add_option("-m,--model", request_.model.model, "checkpoint, of either kind")->group("Model");
  app.add_option("--model2", request_.second, "checkpoint to compare with")->group("Model");
  app.add_flag("--initial", request_.initial,
               "compare with the same architecture before training (seed 0)")
      ->group("Model");
  app.add_option("--tokenizer", request_.model.tokenizer,
                 "for a language model whose file carries none: bytes, characters:FILE, …")
      ->group("Model");
  app.add_option("--device", request_.model.device, "cpu, cuda, cuda:N or auto; default cpu")
      ->group("Model");
  app.add_option("--threads", request_.model.threads, "0: all cores")->group("Model");
  app.add_option("--img-size", request_.model.img_size,
                 "fit a vision model to pictures of this size [pixels]; 0: the model's own")
      ->group("Model");
  app.add_option("--model-set", model_settings_,
                 "KEY=VALUE: an option of the model that a foreign checkpoint does not tell")
      ->group("Model")
      ->type_name("KEY=VALUE ...");
  app.add_option("-i,--input", request_.picture, "picture file for a vision model")->group("Input");
  prompt_given_ =
      app.add_option("-p,--prompt", prompt_, "text for a language model")->group("Input");
  app.add_option("-f,--prompt-file", prompt_file_, "file with the text")->group("Input");
  app.add_option("--table", request_.table, "CSV file, for views of training and benches")
      ->group("Input");
  app.add_option("--size", size, "of pictures: 1200x700 in pixels, or 180x120mm")->group("Picture");
  app.add_option("--dpi", dpi, "of PNG; default 300 on paper, else 96")->group("Picture");
  app.add_option("--theme", theme, "paper (default), light or dark")
      ->group("Picture")
      ->check(CLI::IsMember({"paper", "light", "dark"}));
  app.add_flag("-q,--quiet", quiet, "no progress and no notes on standard error");
  app.add_flag("--json", json, "what was written, or the error, as JSON on standard output");
}

inspect::SourceRequest FigureFlags::sources() const {
  auto request = request_;
  request.model.model_options = model_settings(model_settings_);
  if (!prompt_file_.empty() && prompt_given_->count() > 0) {
    throw ExportFailure(FailureKind::usage, "--prompt or --prompt-file, not both");
  }
  request.has_text = prompt_given_->count() > 0 || !prompt_file_.empty();
  request.text = prompt_file_.empty() ? prompt_ : read_text(prompt_file_);
  return request;
}

inspect::ExportOptions FigureFlags::picture() const {
  inspect::ExportOptions options{.theme = theme, .dpi = dpi};
  if (size.empty()) return options;
  char x = 0, rest[8] = {};
  const int found =
      std::sscanf(size.c_str(), "%lf%c%lf%7s", &options.width, &x, &options.height, rest);
  const std::string unit = found == 4 ? rest : "";
  options.millimetres = unit == "mm";
  const bool known = found >= 3 && x == 'x' && (unit.empty() || unit == "px" || unit == "mm");
  if (!known || !(options.width > 0) || !(options.height > 0)) {
    throw ExportFailure(FailureKind::usage,
                        "--size " + size + ": expected WIDTHxHEIGHT, as 1200x700 or 180x120mm");
  }
  return options;
}

void require_pictures() {
  const auto why = why_no_pictures();
  if (!why.empty()) throw ExportFailure(FailureKind::write, why);
}

FigureProgress::FigureProgress(bool quiet)
    : shown_(!quiet && isatty(STDERR_FILENO) == 1), began_(now()) {
  stop_on_signals();
}

FigureProgress::~FigureProgress() {
  clear();
}

void FigureProgress::clear() {
  if (dirty_) std::fputs("\r\x1b[K", stderr);
  dirty_ = false;
}

void FigureProgress::start(const std::string& what, std::size_t done, std::size_t total) {
  if (stop_on_signals()) throw inspect::Cancelled();
  what_ = what;
  done_ = done;
  total_ = total;
  show("");
}

inspect::Progress FigureProgress::steps() {
  return [this, &stop = stop_on_signals()](const std::string& step, std::int64_t done,
                                           std::int64_t total) {
    if (stop) throw inspect::Cancelled();
    show(step + " " + std::to_string(done) + "/" + std::to_string(total));
  };
}

void FigureProgress::show(const std::string& step) {
  if (!shown_) return;
  std::string line = what_;
  if (total_ > 1) {
    line = std::to_string(done_ + 1) + "/" + std::to_string(total_) + " " + line;
    if (done_ > 0) {
      const double left =
          (now() - began_) / static_cast<double>(done_) * static_cast<double>(total_ - done_);
      line += ", about " + std::to_string(static_cast<long>(left + 0.5)) + " s left";
    }
  }
  if (!step.empty()) line += "  " + step;
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  std::fflush(stderr);
  dirty_ = true;
}

int with_failures(const char* command, const bool& json, const std::function<int()>& body) {
  try {
    return body();
  } catch (const inspect::Cancelled&) {
    return report_failure(command, json, FailureKind::cancelled,
                          "stopped; what was finished before is whole");
  } catch (const ExportFailure& error) {
    return report_failure(command, json, error.kind, error.what());
  } catch (const backbone::OptionError& error) {
    return report_failure(command, json, FailureKind::usage, error.what());
  } catch (const std::exception& error) {
    return report_failure(command, json, FailureKind::general, error.what());
  }
}

}  // namespace hyena::cli

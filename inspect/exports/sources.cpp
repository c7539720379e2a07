#include "inspect/exports/sources.h"

#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>

#include "backbone/options.h"
#include "inspect/exports/failure.h"
#include "train/device.h"

namespace hyena::inspect {
namespace {

namespace fs = std::filesystem;

void require_file(const std::string& file, bool folder_too) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (!fs::exists(status)) throw ExportFailure(FailureKind::file, file + ": no such file");
  if (fs::is_directory(status)) {
    if (folder_too) return;
    throw ExportFailure(FailureKind::file, file + ": a folder; a file is expected");
  }
  if (!std::ifstream(file, std::ios::binary)) {
    throw ExportFailure(FailureKind::file, file + ": cannot be read; check its permissions");
  }
}

/// Runs it; whatever it throws is of this kind, with the file's name in front where it lacks one.
template <class Open>
auto opened_as(FailureKind kind, const std::string& file, Open&& open) {
  try {
    return open();
  } catch (const Cancelled&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw ExportFailure(kind, file + ": does not fit into memory");
  } catch (const std::exception& error) {
    const std::string message = error.what();
    const bool named =
        file.empty() || message.find(fs::path(file).filename().string()) != std::string::npos;
    throw ExportFailure(kind, named ? message : file + ": " + message);
  }
}

std::shared_ptr<Subject> open_model(const SubjectRequest& request, const Progress& progress) {
  require_file(request.model, true);
  try {
    // A GPU that is not there is replaced by open_subject(), which tells why.
    if (!request.device.starts_with("cuda")) train::choose_device(request.device);
  } catch (const backbone::OptionError& error) {
    throw ExportFailure(FailureKind::usage, error.what());
  }
  return opened_as(FailureKind::model, request.model,
                   [&] { return open_subject(request, progress); });
}

}  // namespace

const char* name_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::general:
      return "general";
    case FailureKind::usage:
      return "usage";
    case FailureKind::file:
      return "file";
    case FailureKind::model:
      return "model";
    case FailureKind::input:
      return "input";
    case FailureKind::view:
      return "view";
    case FailureKind::write:
      return "write";
    case FailureKind::cancelled:
      return "cancelled";
  }
  return "general";
}

Sources open_sources(const SourceRequest& request, const Progress& progress) {
  const auto usage = [](const std::string& message) {
    throw ExportFailure(FailureKind::usage, message);
  };
  const bool compares = request.initial || !request.second.empty();
  const bool shown = request.has_text || !request.picture.empty();
  if (request.initial && !request.second.empty()) usage("a second model or initial, not both");
  if (request.has_text && !request.picture.empty()) usage("a picture or a text, not both");
  if (request.model.model.empty() && (compares || shown)) {
    usage("no model: say --model FILE.safetensors");
  }
  Sources out;
  if (!request.picture.empty()) require_file(request.picture, false);
  if (!request.table.empty()) require_file(request.table, false);
  out.table = request.table;
  out.initial = request.initial;
  if (request.model.model.empty()) return out;
  out.model = open_model(request.model, progress);
  if (compares) {
    SubjectRequest second = request.model;
    second.initial = request.initial;
    if (!request.initial) second.model = request.second;
    out.second = open_model(second, progress);
  }
  if (!request.picture.empty()) {
    out.input = opened_as(FailureKind::input, request.picture,
                          [&] { return open_picture(*out.model, request.picture); });
  } else if (request.has_text) {
    out.input =
        opened_as(FailureKind::input, "", [&] { return open_text(*out.model, request.text); });
  }
  return out;
}

Figure draw_or_fail(const View& view, const ViewContext& context, const nlohmann::json& parameters,
                    const Progress& progress) {
  if (const auto why = missing(view, context); !why.empty()) {
    throw ExportFailure(FailureKind::view, view.id + ": " + why);
  }
  try {
    return draw(view, context, parameters, progress);
  } catch (const Cancelled&) {
    throw;
  } catch (const backbone::OptionError& error) {
    throw ExportFailure(FailureKind::usage, error.what());
  } catch (const std::bad_alloc&) {
    throw ExportFailure(FailureKind::view, view.id + ": does not fit into memory");
  } catch (const std::exception& error) {
    throw ExportFailure(view.needs.table ? FailureKind::input : FailureKind::view,
                        view.id + ": " + error.what());
  }
}

}  // namespace hyena::inspect

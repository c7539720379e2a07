#include <new>
#include <system_error>

#include "backbone/options.h"
#include "train/jobs/job.h"

namespace hyena::train {
namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

JobError told(const char* kind, const std::string& message) {
  return {.kind = kind, .sentence = first_line(message), .details = message};
}

bool memory_was_refused(const std::string& message) {
  return message.find("out of memory") != std::string::npos ||
         message.find("not enough memory") != std::string::npos ||
         message.find("can't allocate memory") != std::string::npos;
}

JobError no_memory(const std::string& message) {
  return {.kind = "out of memory",
          .sentence =
              "There is not enough memory for this. Unload a model, or choose a smaller "
              "input or fewer channels.",
          .details = message};
}

}  // namespace

JobError job_error(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::bad_alloc& error) {
    return no_memory(error.what());
  } catch (const backbone::OptionError& error) {
    return told("settings", error.what());
  } catch (const std::system_error& error) {
    return told("file", error.what());
  } catch (const std::exception& error) {
    if (memory_was_refused(error.what())) return no_memory(error.what());
    return told("error", error.what());
  } catch (...) {
    return told("error", "something failed and did not say what");
  }
}

}  // namespace hyena::train

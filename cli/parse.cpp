#include "cli/parse.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/flags.h"

namespace hyena::cli {

int parse(CLI::App& app, const std::vector<std::string>& args) {
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));  // taken back to front
    return -1;
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ExtrasError&) {
    for (const std::string& arg : app.remaining(true)) {
      if (!arg.starts_with("--")) {
        std::cerr << app.get_name() << ": unexpected argument '" << arg << "'\n";
        return kUsage;
      }
      const std::string name = arg.substr(2, arg.find('=') - 2);
      const std::string near = backbone::nearest_name(name, flag_names(app));
      std::cerr << app.get_name() << ": unknown option --" << name
                << (near.empty() ? "" : "; did you mean --" + near + "?") << "\n";
      return kUsage;
    }
    return kUsage;
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n";
    return kUsage;
  }
}

std::string peek(const std::vector<std::string>& args, const std::string& name) {
  const std::string flag = "--" + name;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == flag && i + 1 < args.size()) return args[i + 1];
    if (args[i].starts_with(flag + "=")) return args[i].substr(flag.size() + 1);
  }
  return "";
}

}  // namespace hyena::cli

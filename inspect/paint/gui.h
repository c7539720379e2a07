#pragma once

namespace hyena::inspect {

/// Painting text needs Qt's GUI application object. Makes one on the offscreen platform, which
/// needs no display, where the program has none. Call it from the main thread. Throws
/// std::runtime_error where an application object without GUI is there already. Numbers stay in the
/// C locale.
void ensure_gui();

}  // namespace hyena::inspect

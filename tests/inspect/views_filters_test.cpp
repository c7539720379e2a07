#include <gtest/gtest.h>

#include "inspect/figure/figure_json.h"
#include "inspect/views/view.h"
#include "tests/inspect/small_models.h"

namespace hyena::tests {
namespace {

using namespace inspect;

TEST(Views, DrawsImpulseResponses) {
  const auto model = small_model(small_lm("hyena"));
  const auto figure = draw(find_view("impulse"), {.model = model.get()}, {{"layer", 1}});
  EXPECT_EQ(figure.panels.size(), 1);
  EXPECT_EQ(figure.provenance.parameters, (nlohmann::json{{"layer", 1}}));
}

}  // namespace
}  // namespace hyena::tests

#pragma once

#include "inspect/views/view.h"

/// One function for each view, in the file of its name; the registry lists them.
namespace hyena::inspect {

View filters_view();
View impulse_view();
View filter_bank_view();
View response_view();
View effective_length_view();
View compare_view();
View filter_map_view();
View structure_view();
View parametrisation_view();
View gates_view();
View matrix_view();
View row_view();
View wall_view();
View rollout_view();
View evidence_view();
View receptive_field_view();
View reader_view();
View salience_view();
View logit_lens_view();
View training_view();
View runtime_view();
View recall_view();

}  // namespace hyena::inspect

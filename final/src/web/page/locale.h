// Internal header. A handler's language, as its templates see it.
#pragma once

#include <tornado/template.h>
#include <tornado/web.h>

namespace tornado::web::detail {

// `locale`, `_` and `pgettext`. They ask the handler for its language when a template first uses
// them, and must not outlive the handler.
template_::Value locale_value(RequestHandler& handler);
template_::Value translate_function(RequestHandler& handler);
template_::Value pgettext_function(RequestHandler& handler);

}  // namespace tornado::web::detail

// Internal header: TORNADO_FIELDS, which describes a struct to templates and to JSON.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

namespace tornado::template_ {

class Value;

namespace detail {

class StructBody;

// A member of a struct, as templates see it.
struct Field {
  std::string_view name;
  Value (*get)(const StructBody& owner);
};
struct FieldTable {
  std::string_view type;
  const Field* fields;
  std::size_t count;
};
// Defined in template_value.h. A program that uses JSON only does not include that, nor does it
// call this: clang's warning for a struct of an anonymous namespace would be wrong.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T, auto Member>
Value get_field(const StructBody& owner);
#ifdef __clang__
#pragma clang diagnostic pop
#endif

const FieldTable* tornado_template_fields(const void*) = delete;

// A struct with a TORNADO_FIELDS line.
template <class T>
concept HasFields = requires(const T* object) {
  { tornado_template_fields(object) } -> std::same_as<const FieldTable*>;
};

}  // namespace detail
}  // namespace tornado::template_

namespace tornado::core {

template <class T>
concept HasFields = template_::detail::HasFields<T>;

}  // namespace tornado::core

#define TORNADO_FIELDS_PARENS_ ()
#define TORNADO_FIELDS_EXPAND_(...) \
  TORNADO_FIELDS_EXPAND3_(          \
      TORNADO_FIELDS_EXPAND3_(TORNADO_FIELDS_EXPAND3_(TORNADO_FIELDS_EXPAND3_(__VA_ARGS__))))
#define TORNADO_FIELDS_EXPAND3_(...) \
  TORNADO_FIELDS_EXPAND2_(           \
      TORNADO_FIELDS_EXPAND2_(TORNADO_FIELDS_EXPAND2_(TORNADO_FIELDS_EXPAND2_(__VA_ARGS__))))
#define TORNADO_FIELDS_EXPAND2_(...) \
  TORNADO_FIELDS_EXPAND1_(           \
      TORNADO_FIELDS_EXPAND1_(TORNADO_FIELDS_EXPAND1_(TORNADO_FIELDS_EXPAND1_(__VA_ARGS__))))
#define TORNADO_FIELDS_EXPAND1_(...) __VA_ARGS__
#define TORNADO_FIELDS_EACH_(FIELD, ...)                                     \
  ::tornado::template_::detail::Field{                                       \
      #FIELD, &::tornado::template_::detail::get_field<Self, &Self::FIELD>}, \
      __VA_OPT__(TORNADO_FIELDS_AGAIN_ TORNADO_FIELDS_PARENS_(__VA_ARGS__))
#define TORNADO_FIELDS_AGAIN_() TORNADO_FIELDS_EACH_
#define TORNADO_FIELDS_VISIT_(FIELD, ...)          \
  visit(::std::string_view(#FIELD), &Self::FIELD); \
  __VA_OPT__(TORNADO_FIELDS_VISIT_AGAIN_ TORNADO_FIELDS_PARENS_(__VA_ARGS__))
#define TORNADO_FIELDS_VISIT_AGAIN_() TORNADO_FIELDS_VISIT_

// Describes a struct to templates (include <tornado/template.h>) and to JSON (include
// <tornado/json.h>). Put it after the struct, in the same namespace:
//
//   TORNADO_FIELDS(Story, id, title, summary)
//
// It accepts up to 64 data members and member functions without parameters. In templates, `{{
// story.title }}` or story["title"], and `{{ story.summary() }}`; a struct given to a template is
// copied, and its fields are converted when they are used. In JSON an object with the data members,
// in this order; see json.h.
#define TORNADO_FIELDS(STRUCT, ...)                                                                \
  [[maybe_unused]] inline const ::tornado::template_::detail::FieldTable* tornado_template_fields( \
      const STRUCT*) {                                                                             \
    using Self = STRUCT;                                                                           \
    static constexpr ::tornado::template_::detail::Field kFields[] = {                             \
        TORNADO_FIELDS_EXPAND_(TORNADO_FIELDS_EACH_(__VA_ARGS__))};                                \
    static constexpr ::tornado::template_::detail::FieldTable kTable{                              \
        #STRUCT, kFields, sizeof kFields / sizeof kFields[0]};                                     \
    return &kTable;                                                                                \
  }                                                                                                \
  template <class Visitor>                                                                         \
  [[maybe_unused]] inline void tornado_visit_fields(const STRUCT*, Visitor&& visit) {              \
    using Self = STRUCT;                                                                           \
    TORNADO_FIELDS_EXPAND_(TORNADO_FIELDS_VISIT_(__VA_ARGS__))                                     \
  }

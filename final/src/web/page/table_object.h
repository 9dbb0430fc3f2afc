// Internal header: objects of templates whose attributes are listed in a table.
#pragma once

#include <tornado/template_value.h>

#include <cstddef>
#include <map>
#include <string_view>

namespace tornado::web::detail {

template <class T>
struct AttributeEntry {
  std::string_view name;
  template_::Value (*make)(T& owner);
  bool kept = false;  // made once for each object: it takes a while, and does not change
};

// Shows an object of the program to templates, without owning it.
template <class T>
class TableObject final : public template_::Object {
 public:
  template <std::size_t N>
  TableObject(std::string_view type_name, const AttributeEntry<T> (&table)[N], T& owner)
      : type_name_(type_name), first_(table), last_(table + N), owner_(owner) {}

  std::string_view type_name() const override { return type_name_; }
  bool attribute(std::string_view name, template_::Value& result) const override {
    for (const AttributeEntry<T>* entry = first_; entry != last_; ++entry) {
      if (entry->name != name) continue;
      if (!entry->kept) {
        result = entry->make(owner_);
        return true;
      }
      const auto known = kept_.find(entry);
      result = known != kept_.end() ? known->second : entry->make(owner_);
      if (known == kept_.end()) kept_.emplace(entry, result);
      return true;
    }
    return false;
  }

 private:
  const std::string_view type_name_;
  const AttributeEntry<T>* const first_;
  const AttributeEntry<T>* const last_;
  T& owner_;
  mutable std::map<const AttributeEntry<T>*, template_::Value> kept_;
};

}  // namespace tornado::web::detail

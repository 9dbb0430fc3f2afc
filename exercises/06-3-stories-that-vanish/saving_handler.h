// A handler whose requests change the store as a whole, or not at all.
#pragma once

#include "06-3-stories-that-vanish/store.h"
#include "06-request-handler/request_handler.h"

class SavingHandler : public mini::RequestHandler {
 public:
  // The store must outlive the routes.
  void initialize(Store* store) { store_ = store; }

  // Begins the changes of the visitor whom the argument `who` names.
  void prepare() override;
  // Keeps the changes, or undoes them if the response is an error.
  void on_finish() override;

 protected:
  Store& store() { return *store_; }

 private:
  Store* store_ = nullptr;
};

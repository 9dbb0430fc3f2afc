#include "06-3-stories-that-vanish/saving_handler.h"

void SavingHandler::prepare() {
  store_->begin(get_argument("who", "somebody"));
}

void SavingHandler::on_finish() {
  if (get_status() < 400) {
    store_->commit();
  } else {
    store_->rollback();
  }
}

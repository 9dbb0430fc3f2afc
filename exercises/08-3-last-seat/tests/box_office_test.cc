#include "08-3-last-seat/box_office.h"

#include <gtest/gtest.h>

#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "03-ioloop/ioloop.h"
#include "support/story.h"

namespace {

using mini::Future;
using story::Story;
using Names = std::vector<std::string>;

// An office, and the banks of its buyers, which answer when the test tells them to.
class Evening {
 public:
  Evening(Story& story, int seats)
      : story_(story), office_(seats, [this](std::string name) { return charge(name); }) {
    story_.step("the office has " + std::to_string(seats) + " free seats");
  }

  void comes(const std::string& name) {
    story_.step(name + " wants a seat");
    sales_.insert_or_assign(name, office_.sell(name));
    settle();
  }
  void bank_says(const std::string& name, bool yes) {
    story_.step(name + "'s bank says " + (yes ? "yes" : "no"));
    if (banks_.contains(name)) banks_.at(name).set_result(yes);
    settle();
  }
  void bank_fails(const std::string& name) {
    story_.step(name + "'s bank cannot be reached");
    if (banks_.contains(name)) {
      banks_.at(name).set_exception(std::make_exception_ptr(std::runtime_error("no bank")));
    }
    settle();
  }
  // "true", "false", "not yet", or what was thrown.
  std::string sale(const std::string& name) const {
    const Future<bool>& sale = sales_.at(name);
    if (!sale.done()) return "not yet";
    try {
      return sale.result() ? "true" : "false";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  const BoxOffice& office() const { return office_; }
  const Names& charged() const { return charged_; }

 private:
  Future<bool> charge(const std::string& name) {
    charged_.push_back(name);
    return banks_[name];
  }
  void settle() {
    for (int i = 0; i < 10; ++i) {
      loop_.add_callback([this] { loop_.stop(); });
      loop_.start();
    }
  }

  Story& story_;
  mini::IOLoop loop_;
  BoxOffice office_;
  std::map<std::string, Future<bool>> banks_;
  std::map<std::string, Future<bool>> sales_;
  Names charged_;
};

TEST(BoxOffice, one_buyer_after_the_other) {
  Story story("This one passes on the starter: each buyer is served before the next one comes.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.bank_says("Ada", true);
  evening.comes("Bob");
  story.expect("Ada's sale", std::string("true"), evening.sale("Ada"));
  story.expect("Bob's sale", std::string("false"), evening.sale("Bob"));
}

TEST(BoxOffice, two_buyers_for_one_seat) {
  Story story("Both have paid, and there was one seat. Each sale, read alone, is right.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.comes("Bob");
  evening.bank_says("Ada", true);
  evening.bank_says("Bob", true);
  if (!story.expect("who has a seat", Names{"Ada"}, evening.office().sold())) return;
  story.expect("free seats", 0, evening.office().free());
  story.expect("Bob's sale", std::string("false"), evening.sale("Bob"));
}

TEST(BoxOffice, no_seat_no_payment) {
  Story story(
      "Checking again after the wait comes too late: the bank has paid. Take the seat before you "
      "wait, and give it\n"
      "  back if you must.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.comes("Bob");
  evening.bank_says("Ada", true);
  evening.bank_says("Bob", true);
  story.expect("whose bank was asked", Names{"Ada"}, evening.charged());
}

TEST(BoxOffice, two_buyers_for_two_seats) {
  Story story(
      "There is a seat for each of them. If you serve one buyer at a time, they wait for each "
      "other: "
      "the slowest bank\n"
      "  decides for all.");
  Evening evening(story, 2);
  evening.comes("Ada");
  evening.comes("Bob");
  evening.bank_says("Bob", true);
  story.expect("whose bank was asked", Names{"Ada", "Bob"}, evening.charged());
  story.expect("Bob's sale", std::string("true"), evening.sale("Bob"));
  evening.bank_says("Ada", true);
  story.expect("who has a seat", Names{"Bob", "Ada"}, evening.office().sold());
}

TEST(BoxOffice, a_seat_that_is_being_paid_for) {
  Story story(
      "A seat that somebody is paying for is not free. If it is shown as free, the next buyer "
      "comes "
      "for nothing.");
  Evening evening(story, 2);
  evening.comes("Ada");
  story.expect("free seats", 1, evening.office().free());
  evening.bank_says("Ada", true);
  story.expect("free seats", 1, evening.office().free());
}

TEST(BoxOffice, a_bank_that_says_no) {
  Story story("A seat that was taken for a sale must be given back when the sale fails.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.bank_says("Ada", false);
  story.expect("Ada's sale", std::string("false"), evening.sale("Ada"));
  story.expect("free seats", 1, evening.office().free());
}

TEST(BoxOffice, a_bank_that_fails) {
  Story story(
      "An exception is a way out too, and comes out of a co_await as it comes out of a call. "
      "Nobody "
      "else will give\n"
      "  the seat back.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.bank_fails("Ada");
  story.expect("Ada's sale", std::string("no bank"), evening.sale("Ada"));
  if (!story.expect("free seats", 1, evening.office().free())) return;
  evening.comes("Bob");
  evening.bank_says("Bob", true);
  story.expect("who has a seat", Names{"Bob"}, evening.office().sold());
}

}  // namespace

#include "08-3-last-seat/box_office.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "03-ioloop/ioloop.h"
#include "support/story.h"

namespace {

using mini::Future;
using story::Story;
using Names = std::vector<std::string>;

constexpr int kLines = 2;

std::string customer(int number) {
  return "customer " + std::to_string(number);
}

// An office, and the bank of its customers, which answers when the test tells it to.
class Evening {
 public:
  Evening(Story& story, int seats)
      : story_(story),
        office_(seats, kLines, [this](const std::string& card) { return ask(card); }) {
    story_.step("the office has " + std::to_string(seats) + " free " +
                (seats == 1 ? "seat" : "seats"));
  }

  // These two also tell what happens, unless an evening is too long to tell.
  void comes(const std::string& name) {
    if (tells_) story_.step(name + " wants a seat");
    sales_.insert_or_assign(name, office_.sell(name));
    settle();
  }
  void bank_says(const std::string& name, bool yes) {
    if (tells_) story_.step(name + "'s bank says " + (yes ? "yes" : "no"));
    take(name).set_result(yes);
    settle();
  }
  void bank_fails(const std::string& name) {
    story_.step(name + "'s bank cannot be reached");
    take(name).set_exception(std::make_exception_ptr(std::runtime_error("no bank")));
    settle();
  }
  // A question about this card is not even sent.
  void cannot_ask_about(const std::string& name) { no_cable_ = name; }
  void closes() {
    story_.step("the office closes");
    closed_ = std::make_unique<Future<void>>(office_.close());
    settle();
  }
  void tells_nothing() { tells_ = false; }

  bool closed() const { return closed_->done(); }
  // What the customer was told, "not yet", or what was thrown.
  std::string told(const std::string& name) const {
    const Future<std::string>& sale = sales_.at(name);
    if (!sale.done()) return "not yet";
    try {
      return sale.result();
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  // The customers who were told nothing.
  Names in_line() const {
    Names names;
    for (const auto& [name, sale] : sales_) {
      if (!sale.done()) names.push_back(name);
    }
    return names;
  }
  // The cards about which the bank was asked, and those of them that have no answer yet.
  const Names& asked() const { return asked_; }
  Names open() const {
    Names names;
    for (const auto& [name, answer] : questions_) names.push_back(name);
    return names;
  }
  const BoxOffice& office() const { return office_; }

 private:
  Future<bool> ask(const std::string& card) {
    if (card == no_cable_) throw std::runtime_error("no cable");
    asked_.push_back(card);
    const Future<bool> answer;
    questions_.insert_or_assign(card, answer);
    return answer;
  }
  Future<bool> take(const std::string& name) {
    const auto question = questions_.find(name);
    if (question == questions_.end()) return {};
    const Future<bool> answer = question->second;
    questions_.erase(question);
    return answer;
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
  std::map<std::string, Future<bool>> questions_;
  std::map<std::string, Future<std::string>> sales_;
  std::unique_ptr<Future<void>> closed_;
  Names asked_;
  std::string no_cable_;
  bool tells_ = true;
};

// Customers come until the hall is full, and three more. Each bank answers a little later. Chance
// is always the same.
class Premiere {
 public:
  Premiere(Story& story, int seats)
      : evening_(story, seats), seats_(static_cast<std::size_t>(seats)) {
    evening_.tells_nothing();
  }

  void goes_on_until_the_hall_is_full() {
    while (evening_.office().sold().size() < seats_) {
      next_customer();
      if (evening_.open().size() == kLines || chance() % 2 == 0) one_answer();
    }
    for (int i = 0; i < 3; ++i) evening_.comes(customer(++last_));
    while (!evening_.open().empty()) one_answer();
  }
  Evening& evening() { return evening_; }

 private:
  void next_customer() {
    const bool returns = !refused_.empty() && chance() % 3 == 0;
    if (!returns) return evening_.comes(customer(++last_));
    const std::string name = refused_.back();
    refused_.pop_back();
    evening_.comes(name);
  }
  void one_answer() {
    const Names open = evening_.open();
    if (open.empty()) return;
    const std::string name = open[chance() % open.size()];
    const bool yes = chance() % 4 != 0;
    evening_.bank_says(name, yes);
    if (!yes) refused_.push_back(name);
  }
  unsigned chance() {
    state_ = state_ * 1103515245 + 12345;
    return state_ >> 16;
  }

  Evening evening_;
  std::size_t seats_;
  int last_ = 0;
  Names refused_;
  unsigned state_ = 8;
};

TEST(BoxOffice, a_quiet_evening) {
  Story story("This one passes on the starter: nobody has to wait for anybody.");
  Evening evening(story, 2);
  evening.comes("Ada");
  evening.bank_says("Ada", true);
  evening.comes("Bob");
  evening.bank_says("Bob", true);
  evening.comes("Cleo");
  story.expect("Ada was told", std::string("seat 1"), evening.told("Ada"));
  story.expect("Bob was told", std::string("seat 2"), evening.told("Bob"));
  story.expect("Cleo was told", std::string("sold out"), evening.told("Cleo"));
}

TEST(BoxOffice, the_premiere) {
  Story story("The hall is full. These people are neither let in nor sent home.");
  Premiere premiere(story, 25);
  story.step("people come, their banks answer, and nobody is left who is paying");
  premiere.goes_on_until_the_hall_is_full();
  story.expect("seats that are sold", 25U, premiere.evening().office().sold().size());
  story.expect("who still stands in line", Names{}, premiere.evening().in_line());
}

TEST(BoxOffice, two_customers_for_one_seat) {
  Story story("A seat that somebody is paying for was sold to somebody else.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.comes("Bob");
  story.expect("whose bank was asked", Names{"Ada"}, evening.asked());
  evening.bank_says("Ada", true);
  story.expect("Ada was told", std::string("seat 1"), evening.told("Ada"));
  story.expect("Bob was told", std::string("sold out"), evening.told("Bob"));
}

TEST(BoxOffice, a_seat_that_comes_back) {
  Story story(
      "Whoever is sent home while somebody is still paying may miss a seat: that seat can come "
      "back.");
  Evening evening(story, 1);
  evening.comes("Ada");
  evening.comes("Bob");
  evening.comes("Cleo");
  story.expect("Bob was told", std::string("not yet"), evening.told("Bob"));
  evening.bank_says("Ada", false);
  story.expect("Ada was told", std::string("refused"), evening.told("Ada"));
  evening.bank_fails("Bob");
  story.expect("Bob was told", std::string("no bank"), evening.told("Bob"));
  evening.bank_says("Cleo", true);
  story.expect("Cleo was told", std::string("seat 1"), evening.told("Cleo"));
}

TEST(BoxOffice, a_card_that_was_refused) {
  Story story(
      "bank.h promises that the bank is not asked about the same card again. It charges for each "
      "question.");
  Evening evening(story, 2);
  evening.comes("Ada");
  evening.bank_says("Ada", false);
  evening.comes("Ada");
  story.expect("Ada was told", std::string("refused"), evening.told("Ada"));
  story.expect("whose bank was asked", Names{"Ada"}, evening.asked());
}

TEST(BoxOffice, one_seat) {
  Story story(
      "Nobody was paying any more. Either an outcome came a turn later than it could, or a sale "
      "that had ended still counted as open.");
  Evening evening(story, 1);
  evening.cannot_ask_about("Ada");
  evening.comes("Ada");
  story.expect("Ada was told", std::string("no cable"), evening.told("Ada"));
  evening.comes("Bob");
  evening.bank_says("Bob", true);
  evening.comes("Cleo");
  story.expect("Cleo was told", std::string("sold out"), evening.told("Cleo"));
}

TEST(BoxOffice, closing_time) {
  Story story(
      "The office closes when the last customer has paid: not earlier, and not never. close() "
      "waits "
      "for\n"
      "  the outcomes of the open sales, so these must be the futures that get the outcomes.");
  Evening evening(story, 3);
  evening.comes("Ada");
  evening.bank_says("Ada", false);
  evening.comes("Ada");
  evening.comes("Bob");
  evening.comes("Cleo");
  evening.closes();
  story.expect("the office is closed", false, evening.closed());
  evening.bank_fails("Bob");
  story.expect("the office is closed", false, evening.closed());
  evening.bank_says("Cleo", true);
  story.expect("the office is closed", true, evening.closed());
}

TEST(BoxOffice, two_lines_to_the_bank) {
  Story story(
      "There are two lines to the bank: a third question waits, and each line is used again.");
  Evening evening(story, 4);
  for (const char* name : {"Ada", "Bob", "Cleo", "Dora"}) evening.comes(name);
  story.expect("whose bank was asked", Names{"Ada", "Bob"}, evening.asked());
  evening.bank_says("Bob", true);
  evening.bank_fails("Ada");
  story.expect("whose bank was asked", Names{"Ada", "Bob", "Cleo", "Dora"}, evening.asked());
  evening.bank_says("Dora", true);
  evening.bank_says("Cleo", true);
  story.expect("Cleo was told", std::string("seat 3"), evening.told("Cleo"));
}

}  // namespace

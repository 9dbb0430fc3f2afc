// Without libpq.
#include "database.h"

namespace blog {

std::unique_ptr<Database> open_postgres(const std::string&) {
  throw DatabaseError("this blog was built without libpq, which talks to PostgreSQL");
}

}  // namespace blog

// Internal header. The microscope: a page that shows event loops at work, from the records that
// they make of themselves.
#pragma once

#include <tornado/web.h>

#include <memory>
#include <vector>

#include "repository.h"

namespace course {

class LoopView;
class Specimen;
class Experiment;

// Shows two loops: the site's own, which must be current where this is made, and a specimen, a
// second one with a server, on a thread of its own, which can be paused. Belongs to the site's
// thread.
class Microscope {
 public:
  // With `for_everybody`, every visitor may start experiments; otherwise only a browser on this
  // machine. The repository must outlive this.
  Microscope(const Repository* repository, bool for_everybody);
  Microscope(const Microscope&) = delete;
  Microscope& operator=(const Microscope&) = delete;
  ~Microscope();

  // This must outlive the application that gets the routes.
  std::vector<tornado::web::URLSpec> routes();
  // Says where the site listens. Without it, experiments with the site's own loop fail.
  void set_port(int port) { port_ = port; }

  // ---- for the handlers
  const Repository& repository() const { return *repository_; }
  bool may_experiment(const tornado::httputil::HTTPServerRequest& request) const;
  // Returns null for an unknown name.
  LoopView* view(const std::string& name);
  Specimen& specimen() { return *specimen_; }
  Experiment& experiment() { return *experiment_; }
  int port_of(const std::string& view) const;

 private:
  const Repository* repository_;
  const bool for_everybody_;
  int port_ = 0;
  std::unique_ptr<Experiment> experiment_;
  std::unique_ptr<LoopView> live_;
  std::unique_ptr<Specimen> specimen_;
  std::unique_ptr<LoopView> specimen_view_;
};

}  // namespace course

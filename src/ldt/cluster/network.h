// The hosts of a cluster as network namespaces of this machine, all on one switch; for root only.
// Depends on iproute2's `ip`. Invariant: when this object is gone, so are the namespaces and the interface.
#pragma once

#include <memory>

#include "base/result.h"
#include "ldt/cluster/layout.h"

namespace ldt::cluster {

class HostNetwork {
 public:
  /// Whether this process may make namespaces here: by trying.
  [[nodiscard]] static bool is_allowed();
  /// Also clears away what a supervisor that was killed has left.
  [[nodiscard]] static Result<std::unique_ptr<HostNetwork>> create(const Layout& layout);
  ~HostNetwork();
  HostNetwork(const HostNetwork&) = delete;
  HostNetwork& operator=(const HostNetwork&) = delete;

 private:
  explicit HostNetwork(const Layout& layout) : layout_(layout) {}
  [[nodiscard]] Result<void> make_switch() const;
  [[nodiscard]] Result<void> add_host(int host) const;
  [[nodiscard]] Result<void> add_own_end() const;
  void remove() const;

  const Layout layout_;
};

}  // namespace ldt::cluster

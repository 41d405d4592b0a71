// Tells over gRPC what this participant's process has done and spent.
// Depends on the generated code, platform/process and the storage.
#pragma once

#include <memory>
#include <string_view>

#include "participant/storage/storage.h"
#include "platform/process/statistics.h"

namespace grpc {
class Service;
}

namespace ldt::participant {

/// @param commits  counted elsewhere; outlives the service, as the storage does
[[nodiscard]] std::unique_ptr<grpc::Service> make_statistics_service(const process::CommitCounters& commits,
                                                                     const Storage& storage);
[[nodiscard]] std::string_view statistics_service_name();

}  // namespace ldt::participant

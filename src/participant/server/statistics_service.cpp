#include "participant/server/statistics_service.h"

#include "ldt/statistics/v1/statistics.grpc.pb.h"

namespace ldt::participant {
namespace {

namespace api = ldt::statistics::v1;

class StatisticsService final : public api::StatisticsService::CallbackService {
 public:
  StatisticsService(const process::CommitCounters& commits, const Storage& storage)
      : commits_(commits), storage_(storage) {}

  grpc::ServerUnaryReactor* GetStatistics(grpc::CallbackServerContext* context, const api::GetStatisticsRequest*,
                                          api::GetStatisticsResponse* response) override {
    const auto usage = process::usage();
    const auto commits = commits_.counts();
    const auto written = storage_.written();
    response->set_uptime_us(usage.uptime.count());
    response->set_cpu_us(usage.cpu.count());
    response->set_resident_bytes(usage.resident_bytes);
    response->set_commits(commits.commits);
    response->set_operations(commits.operations);
    response->set_fsyncs(written.fsyncs);
    response->set_bytes_written(written.bytes);
    response->mutable_batch_sizes()->Assign(commits.batch_sizes.begin(), commits.batch_sizes.end());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const process::CommitCounters& commits_;
  const Storage& storage_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_statistics_service(const process::CommitCounters& commits, const Storage& storage) {
  return std::make_unique<StatisticsService>(commits, storage);
}

std::string_view statistics_service_name() { return api::StatisticsService::service_full_name(); }

}  // namespace ldt::participant

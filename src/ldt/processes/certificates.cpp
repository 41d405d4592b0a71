// `ldt certificates`: a development CA and the services' certificates, for those that `ldt up --tls` does not start.
// Depends on platform/tls.

#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/terminal.h"
#include "ldt/processes/identities.h"

namespace ldt {

int run(const CertificatesCommand& command) {
  const std::string folder = command.folder.empty() ? command.data_folder + "/" + kTlsFolder : command.folder;
  if (const auto made = provide_certificates(folder, command.renew ? Renew::kAll : Renew::kWhatEnds); !made) {
    complain(made.error().detail);
    return kExitCannot;
  }
  print("certificates are in " + folder + "\n");
  return kExitOk;
}

}  // namespace ldt

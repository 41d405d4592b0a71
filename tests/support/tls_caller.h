// A gRPC client with a certificate of the test's choice, for calls that no service makes. Speaks TLS through another
// part of gRPC than the product does. Depends on grpc++.
#pragma once

#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <string>

namespace ldt::testing {

/// Certificates as `ldt certificates` lays them out: ca.crt, ca.key, and a folder for each name.
struct Identity {
  std::filesystem::path folder;  // with tls.crt and tls.key; empty: plain text
  std::filesystem::path trusts;  // a ca.crt
};

struct CallResult {
  grpc::Status status;
  std::string server_certificate;  // PEM; empty where there was none
};

/// Makes a unary call with an empty message on a connection of its own.
/// @param address   "unix:PATH" or HOST:PORT
/// @param expected  the name that the server's certificate must have
CallResult call(const std::string& address, const std::string& expected, const std::string& method,
                const Identity& identity);

}  // namespace ldt::testing

#include "platform/http/problem.h"

#include <utility>

#include "platform/http/json_writer.h"

namespace ldt::http {
namespace {

void append_errors(std::string& out, const std::vector<FieldError>& errors) {
  out += ",\"errors\":[";
  Comma comma;
  for (const FieldError& error : errors) {
    comma(out);
    out += error.is_parameter ? "{\"parameter\":" : "{\"pointer\":";
    append_string(out, error.pointer);
    out += ",\"detail\":";
    append_string(out, error.detail);
    out.push_back('}');
  }
  out.push_back(']');
}

}  // namespace

Response to_response(const Problem& problem) {
  Response response;
  response.status = problem.type.status;
  response.content_type = content_type::kProblem;
  std::string& out = response.body;
  out += "{\"type\":\"/errors/";
  out += problem.type.name;
  out += "\",\"title\":";
  append_string(out, problem.type.title);
  out += ",\"status\":";
  append_integer(out, problem.type.status);
  out += ",\"detail\":";
  append_string(out, problem.detail);
  if (!problem.errors.empty()) append_errors(out, problem.errors);
  if (!problem.members.empty()) out.append(",").append(problem.members);
  out.push_back('}');
  return response;
}

Response problem_response(const ProblemType& type, std::string detail) {
  return to_response(Problem{type, std::move(detail), {}, {}});
}

}  // namespace ldt::http

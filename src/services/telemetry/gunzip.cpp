#include "services/telemetry/gunzip.h"

#include <zlib.h>

#include <memory>

namespace ldt::telemetry_store {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kChunk = 64U << 10U;

struct End {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

std::optional<Unzipped> gunzip(std::string_view zipped, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, End> end(&stream);
  std::string input(zipped);  // zlib's interface is not const
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  Unzipped out;
  std::string chunk(kChunk, '\0');
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.bytes.append(chunk, 0, chunk.size() - stream.avail_out);
    out.too_large = out.bytes.size() > most;
    if (out.too_large) return out;
  }
  if (code != Z_STREAM_END || stream.avail_in != 0) return std::nullopt;
  return out;
}

}  // namespace ldt::telemetry_store

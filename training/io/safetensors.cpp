// SPDX-License-Identifier: Apache-2.0

#include "safetensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

namespace drgan::io {

namespace {

constexpr size_t lengthBytes = 8;
constexpr uint64_t headerLimit = 100'000'000;  // as in the reference implementation

[[noreturn]] void fail(const std::string& path, const std::string& what) {
    throw std::runtime_error(path + ": " + what);
}

std::string reason(const std::string& doing) { return doing + ": " + std::strerror(errno); }

std::string shapeText(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) {
        text += (i ? "," : "") + std::to_string(shape[i]);
    }
    return text + "]";
}

// shape x dtype in bytes; throws for an unknown dtype, a negative side or a product beyond 64 bits.
uint64_t expectedBytes(const std::string& path, const std::string& name, const std::string& dtype,
                       const std::vector<int64_t>& shape) {
    uint64_t bytes = dtypeSize(dtype);
    if (bytes == 0) {
        fail(path, "tensor '" + name + "' has the unknown dtype '" + dtype + "'");
    }
    for (const int64_t side : shape) {
        if (side < 0) {
            fail(path, "tensor '" + name + "' has a negative side: " + shapeText(shape));
        }
        if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(side), &bytes)) {
            fail(path, "tensor '" + name + "' is absurdly large: " + shapeText(shape));
        }
    }
    return bytes;
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

struct Mapping {
    uint8_t* data = nullptr;
    size_t bytes = 0;

    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (data) {
            ::munmap(data, bytes);
        }
    }

    void open(const std::string& path) {
        const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.get() < 0) {
            fail(path, reason("cannot open"));
        }
        struct stat status {};
        if (::fstat(file.get(), &status) != 0) {
            fail(path, reason("cannot stat"));
        }
        if (!S_ISREG(status.st_mode)) {
            fail(path, "not a regular file");
        }
        bytes = static_cast<size_t>(status.st_size);
        if (bytes < lengthBytes) {
            fail(path, "not a safetensors file: " + std::to_string(bytes) + " bytes, at least 8 expected");
        }
        void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
        if (mapped == MAP_FAILED) {
            fail(path, reason("cannot map"));
        }
        data = static_cast<uint8_t*>(mapped);
    }
};

uint64_t readLittleEndian(const uint8_t* bytes) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; --i) {
        value = (value << 8) | bytes[i];
    }
    return value;
}

}  // namespace

size_t dtypeSize(const std::string& dtype) {
    static const std::map<std::string, size_t> sizes = {
        {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
        {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"I64", 8},     {"U64", 8}, {"F64", 8}};
    const auto found = sizes.find(dtype);
    return found == sizes.end() ? 0 : found->second;
}

struct SafetensorsFile::Impl {
    std::string path;
    Mapping mapping;
    std::map<std::string, TensorView> tensors;
    std::map<std::string, std::string> metadata;

    void parseHeader();
    void addTensor(const std::string& name, const nlohmann::json& entry, const uint8_t* data, uint64_t dataBytes);
    void checkCoverage(const uint8_t* data, uint64_t dataBytes) const;
};

void SafetensorsFile::Impl::parseHeader() {
    const uint64_t headerBytes = readLittleEndian(mapping.data);
    const uint64_t rest = mapping.bytes - lengthBytes;
    if (headerBytes > rest || headerBytes > headerLimit) {
        fail(path, "the header claims " + std::to_string(headerBytes) + " bytes, the file has " + std::to_string(rest) +
                       " (limit " + std::to_string(headerLimit) + ")");
    }
    const auto* text = reinterpret_cast<const char*>(mapping.data + lengthBytes);
    nlohmann::json header;
    try {
        std::set<std::string> seen;
        const auto refuseTwins = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
            if (depth == 1 && event == nlohmann::json::parse_event_t::key &&
                !seen.insert(parsed.get<std::string>()).second) {
                fail(path, "the header names '" + parsed.get<std::string>() + "' twice");
            }
            return true;
        };
        header = nlohmann::json::parse(text, text + headerBytes, refuseTwins);
    } catch (const nlohmann::json::exception& error) {
        fail(path, std::string("the header is not JSON: ") + error.what());
    }
    if (!header.is_object()) {
        fail(path, "the header is not a JSON object");
    }
    const uint8_t* data = mapping.data + lengthBytes + headerBytes;
    const uint64_t dataBytes = rest - headerBytes;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            try {
                metadata = entry.get<std::map<std::string, std::string>>();
            } catch (const nlohmann::json::exception&) {
                fail(path, "__metadata__ is not a map of texts");
            }
        } else {
            addTensor(name, entry, data, dataBytes);
        }
    }
    checkCoverage(data, dataBytes);
}

void SafetensorsFile::Impl::addTensor(const std::string& name, const nlohmann::json& entry, const uint8_t* data,
                                      uint64_t dataBytes) {
    TensorView view;
    uint64_t begin = 0;
    uint64_t end = 0;
    const auto unsignedNumber = [&](const nlohmann::json& value) {
        // get<uint64_t> would wrap a negative number and cut a fraction.
        if (!value.is_number_unsigned()) {
            fail(path, "tensor '" + name + "': " + value.dump() + " where a whole number >= 0 was expected");
        }
        return value.get<uint64_t>();
    };
    try {
        view.dtype = entry.at("dtype").get<std::string>();
        if (!entry.at("shape").is_array() || !entry.at("data_offsets").is_array()) {
            fail(path, "tensor '" + name + "': shape and data_offsets must be lists");
        }
        for (const auto& side : entry.at("shape")) {
            const uint64_t value = unsignedNumber(side);
            if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
                fail(path, "tensor '" + name + "' is absurdly large: side " + std::to_string(value));
            }
            view.shape.push_back(static_cast<int64_t>(value));
        }
        if (entry.at("data_offsets").size() != 2) {
            fail(path, "tensor '" + name + "': data_offsets must hold two numbers");
        }
        begin = unsignedNumber(entry.at("data_offsets")[0]);
        end = unsignedNumber(entry.at("data_offsets")[1]);
    } catch (const nlohmann::json::exception& error) {
        fail(path, "bad header entry of tensor '" + name + "': " + error.what());
    }
    if (begin > end || end > dataBytes) {
        fail(path, "tensor '" + name + "' lies at bytes " + std::to_string(begin) + ".." + std::to_string(end) +
                       ", the file has " + std::to_string(dataBytes) + " (truncated?)");
    }
    const uint64_t expected = expectedBytes(path, name, view.dtype, view.shape);
    if (end - begin != expected) {
        fail(path, "tensor '" + name + "' has " + std::to_string(end - begin) + " bytes, " + view.dtype + " " +
                       shapeText(view.shape) + " needs " + std::to_string(expected));
    }
    view.data = data + begin;
    view.bytes = static_cast<size_t>(expected);
    tensors.emplace(name, std::move(view));
}

void SafetensorsFile::Impl::checkCoverage(const uint8_t* data, uint64_t dataBytes) const {
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
    for (const auto& [name, view] : tensors) {
        const auto begin = static_cast<uint64_t>(view.data - data);
        ranges.emplace_back(begin, begin + view.bytes);
    }
    std::sort(ranges.begin(), ranges.end());
    uint64_t covered = 0;
    for (const auto& [begin, end] : ranges) {
        if (begin != covered) {
            fail(path, "tensors overlap or leave a hole at byte " + std::to_string(std::min(begin, covered)) +
                           " of the data");
        }
        covered = end;
    }
    if (covered != dataBytes) {
        fail(path, std::to_string(dataBytes - covered) + " bytes after the last tensor");
    }
}

SafetensorsFile::SafetensorsFile(const std::string& path) : impl_(std::make_unique<Impl>()) {
    impl_->path = path;
    impl_->mapping.open(path);
    impl_->parseHeader();
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const TensorView& SafetensorsFile::at(const std::string& name) const {
    const auto found = impl_->tensors.find(name);
    if (found == impl_->tensors.end()) {
        fail(impl_->path, "there is no tensor '" + name + "'");
    }
    return found->second;
}

bool SafetensorsFile::contains(const std::string& name) const { return impl_->tensors.count(name) != 0; }

std::vector<std::string> SafetensorsFile::names() const {
    std::vector<std::string> result;
    for (const auto& entry : impl_->tensors) {
        result.push_back(entry.first);
    }
    return result;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const { return impl_->metadata; }

const std::string& SafetensorsFile::path() const { return impl_->path; }

namespace {

void writeAll(int fd, const std::string& path, const void* data, size_t bytes) {
    const auto* next = static_cast<const uint8_t*>(data);
    while (bytes > 0) {
        const ssize_t written = ::write(fd, next, std::min<size_t>(bytes, size_t{1} << 30));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail(path, reason("cannot write"));
        }
        next += written;
        bytes -= static_cast<size_t>(written);
    }
}

// The file that a path stands for: links are followed, so that replacing it keeps the link. Things that are not files
// (a folder, a device) are refused, since the rename would replace them.
std::string resolveTarget(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return path;
    }
    if (!S_ISREG(status.st_mode)) {
        fail(path, "cannot write: not a regular file");
    }
    char* resolved = ::realpath(path.c_str(), nullptr);
    if (!resolved) {
        fail(path, reason("cannot resolve"));
    }
    std::string result(resolved);
    std::free(resolved);
    return result;
}

std::string headerText(const std::string& path, const std::vector<const TensorSource*>& tensors,
                       const std::map<std::string, std::string>& metadata) {
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty()) {
        header["__metadata__"] = metadata;
    }
    uint64_t offset = 0;
    for (const TensorSource* tensor : tensors) {
        const uint64_t expected = expectedBytes(path, tensor->name, tensor->dtype, tensor->shape);
        if (tensor->bytes != expected) {
            fail(path, "tensor '" + tensor->name + "' was given with " + std::to_string(tensor->bytes) + " bytes, " +
                           tensor->dtype + " " + shapeText(tensor->shape) + " needs " + std::to_string(expected));
        }
        if (tensor->name == "__metadata__" || header.contains(tensor->name)) {
            fail(path, "tensor name '" + tensor->name + "' is reserved or was given twice");
        }
        header[tensor->name] = {
            {"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + expected}}};
        offset += expected;
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::exception& error) {
        fail(path, std::string("a name or metadata text is not UTF-8: ") + error.what());
    }
    text.append((8 - text.size() % 8) % 8, ' ');  // the data begins on a multiple of 8
    return text;
}

}  // namespace

void writeSafetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                      const std::map<std::string, std::string>& metadata) {
    std::vector<const TensorSource*> ordered;
    for (const TensorSource& tensor : tensors) {
        ordered.push_back(&tensor);
    }
    std::stable_sort(ordered.begin(), ordered.end(), [](const TensorSource* a, const TensorSource* b) {
        return dtypeSize(a->dtype) > dtypeSize(b->dtype);
    });
    const std::string header = headerText(path, ordered, metadata);
    const std::string target = resolveTarget(path);

    static std::atomic<unsigned> counter{0};
    const std::string temporary = target + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) {
        fail(path, reason("cannot create " + temporary));
    }
    try {
        uint8_t length[lengthBytes];
        for (size_t i = 0; i < lengthBytes; ++i) {
            length[i] = static_cast<uint8_t>(static_cast<uint64_t>(header.size()) >> (8 * i));
        }
        writeAll(file.get(), path, length, lengthBytes);
        writeAll(file.get(), path, header.data(), header.size());
        for (const TensorSource* tensor : ordered) {
            writeAll(file.get(), path, tensor->data, tensor->bytes);
        }
        if (::fsync(file.get()) != 0 || ::close(file.release()) != 0) {
            fail(path, reason("cannot write"));
        }
        if (::rename(temporary.c_str(), target.c_str()) != 0) {
            fail(path, reason("cannot put into place"));
        }
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    // The rename itself must survive a power cut. Not every file system lets a folder be synced; that is no error.
    const size_t slash = target.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : target.substr(0, std::max<size_t>(slash, 1));
    const Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.get() >= 0) {
        ::fsync(parent.get());
    }
}

}  // namespace drgan::io

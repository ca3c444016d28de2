// SPDX-License-Identifier: Apache-2.0

#include "safetensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "safetensors_detail.hpp"

namespace drgan::io {

namespace detail {

void fail(const std::string& path, const std::string& what) { throw std::runtime_error(path + ": " + what); }

std::string shapeText(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) {
        text += (i ? "," : "") + std::to_string(shape[i]);
    }
    return text + "]";
}

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

}  // namespace detail

using namespace detail;

namespace {

/// "doing: errno's text".
std::string reason(const std::string& doing) { return doing + ": " + std::strerror(errno); }

/// Closes a file descriptor when it goes.
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

private:
    int fd_;
};

constexpr uint64_t headerLimit = 100'000'000;  // as in the reference implementation

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

}  // namespace drgan::io

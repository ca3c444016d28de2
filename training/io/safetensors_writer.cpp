// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "safetensors.hpp"
#include "safetensors_detail.hpp"

namespace drgan::io {

using namespace detail;

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

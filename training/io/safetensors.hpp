// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing safetensors files (https://github.com/huggingface/safetensors): 8 bytes little-endian header
// length, a JSON header with dtype, shape and byte range per tensor, then the bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace drgan::io {

/// Bytes per element of a safetensors dtype ("F32", "I64", "U8", ...); 0 if the name is not known.
size_t dtypeSize(const std::string& dtype);

/// One tensor of an open file. `data` is valid as long as the SafetensorsFile is, and aligned to the dtype's size only
/// if the file's writer took care of that (writeSafetensors and the reference implementation do).
struct TensorView {
    std::string dtype;
    std::vector<int64_t> shape;
    const uint8_t* data = nullptr;
    size_t bytes = 0;
};

/// A safetensors file, mapped into memory read-only. The file may not shrink while it is open.
class SafetensorsFile {
public:
    /// Maps the file and checks its header: lengths within the file, sizes equal to shape x dtype, ranges that cover
    /// the data without overlaps or holes.
    /// @throws std::runtime_error naming the file, what was found and what was expected.
    explicit SafetensorsFile(const std::string& path);
    ~SafetensorsFile();
    SafetensorsFile(SafetensorsFile&&) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

    /// @throws std::runtime_error naming the file and the tensor if it is not there.
    const TensorView& at(const std::string& name) const;
    bool contains(const std::string& name) const;
    std::vector<std::string> names() const;  ///< sorted
    const std::map<std::string, std::string>& metadata() const;
    const std::string& path() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// One tensor to write. `data` stays the caller's.
struct TensorSource {
    std::string name;
    std::string dtype;
    std::vector<int64_t> shape;
    const void* data = nullptr;
    size_t bytes = 0;
};

/// Writes a file atomically: into a temporary file in the same folder, fsync, rename. On any error (a full disk, no
/// permission) an older file of that name stays whole and the temporary file is removed. Wide dtypes come first in the
/// file, so that every tensor is aligned.
/// @throws std::runtime_error naming the path and the system's reason, or the tensor whose size does not fit its shape.
void writeSafetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                      const std::map<std::string, std::string>& metadata);

}  // namespace drgan::io

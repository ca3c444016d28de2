// SPDX-License-Identifier: Apache-2.0
//
// A prepared face set: what drgan-data writes and drgan-train reads. One safetensors file.
//
// Metadata: "format" = "drgan-faces-1", "image_size" (S), "align_eyes" ("x,y"), "align_eye_mouth" (both in units of S,
// see cv::drgan::Alignment), "persons" (JSON list of names), "teacher" (file name of the model; absent without one).
//
// clang-format off
// | tensor      | dtype, shape | content |
// |-------------|--------------|---------|
// | jpeg        | U8 [bytes]   | the aligned SxS faces as JPEGs, one after the other |
// | jpeg_offset | I64 [N+1]    | row i is bytes [offset[i], offset[i+1]) of jpeg |
// | person      | I32 [N]      | index into persons |
// | split       | U8 [N]       | 0 train, 1 dev |
// | yaw         | F32 [N]      | degrees, positive: the nose points to the image's right |
// | origin      | I32 [N]      | -1 for a real picture, else the row of the real picture that it was turned from |
// | landmarks   | F32 [N,5,2]  | x,y in pixels of the aligned face; order as in cv::drgan::alignCrop |
// | teacher     | F32 [N,Nt]   | optional: unit embedding of each real face, zeros for turned rows |
// clang-format on

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "safetensors.hpp"

namespace drgan::io {

constexpr const char* faceSetFormat = "drgan-faces-1";

/// A read-only run of values that somebody else owns.
template <typename T>
class Span {
public:
    Span() = default;
    Span(const T* data, size_t size) : data_(data), size_(size) {}
    const T* data() const { return data_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const T& operator[](size_t i) const { return data_[i]; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }

private:
    const T* data_ = nullptr;
    size_t size_ = 0;
};

/// An open face set. All const methods may be called from several threads at once.
class FaceSet {
public:
    /// Opens the file and checks every column: dtypes, shapes, ranges of offsets, persons, splits and origins.
    /// @throws std::runtime_error naming the file, the column and what is wrong with it.
    explicit FaceSet(const std::string& path);

    size_t size() const { return person_.size(); }       ///< N, faces
    int imageSize() const { return imageSize_; }         ///< S, pixels
    float alignEyesX() const { return eyesX_; }          ///< units of S
    float alignEyesY() const { return eyesY_; }          ///< units of S
    float alignEyeMouth() const { return eyeMouth_; }    ///< units of S
    size_t teacherSize() const { return teacherSize_; }  ///< Nt; 0 without a teacher
    const std::string& teacherName() const { return teacherName_; }
    const std::string& path() const { return file_.path(); }

    const std::vector<std::string>& persons() const { return persons_; }
    Span<int32_t> person() const { return person_; }      ///< [N]
    Span<uint8_t> split() const { return split_; }        ///< [N], 0 train, 1 dev
    Span<float> yaw() const { return yaw_; }              ///< [N], degrees
    Span<int32_t> origin() const { return origin_; }      ///< [N], -1 for real pictures
    Span<float> landmarks() const { return landmarks_; }  ///< [N*5*2], pixels of the aligned face
    Span<float> teacher() const { return teacher_; }      ///< [N*Nt]; empty without a teacher
    Span<uint8_t> jpeg(size_t row) const;                 ///< the row's JPEG file

    /// Decodes a row into S*S*3 bytes, RGB interleaved.
    /// @throws std::runtime_error naming the row and the file if the JPEG is corrupt or not SxS.
    void decode(size_t row, uint8_t* rgb) const;

private:
    template <typename T>
    Span<T> column(const std::string& name, const char* dtype, const std::vector<int64_t>& shape) const;
    void readMetadata();
    void checkRows() const;

    SafetensorsFile file_;
    int imageSize_ = 0;
    float eyesX_ = 0;
    float eyesY_ = 0;
    float eyeMouth_ = 0;
    size_t teacherSize_ = 0;
    std::string teacherName_;
    std::vector<std::string> persons_;
    Span<uint8_t> jpeg_;
    Span<int64_t> offset_;
    Span<int32_t> person_;
    Span<uint8_t> split_;
    Span<float> yaw_;
    Span<int32_t> origin_;
    Span<float> landmarks_;
    Span<float> teacher_;
};

}  // namespace drgan::io

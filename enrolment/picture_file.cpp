// SPDX-License-Identifier: Apache-2.0
#include "picture_file.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <vector>

#include "picture_format.hpp"

namespace drgan::enrolment {
namespace {

constexpr uintmax_t largestFile = uintmax_t(1) << 29;  // bytes; a picture of 100 megapixels is smaller

std::vector<unsigned char> readBytes(const std::string& file, uintmax_t most) {
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) {
        throw std::runtime_error("cannot be opened: " + (error ? error.message() : "no permission to read it"));
    }
    std::vector<unsigned char> bytes(static_cast<size_t>(std::min(size, most)));
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(in.gcount()));
    return bytes;
}

}  // namespace

bool isPicture(const std::string& file) {
    std::string extension = std::filesystem::path(file).extension().native();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (extension == ".mjpg" || extension == ".mjpeg") {
        return false;  // several JPEGs, which are a video
    }
    try {
        const auto bytes = readBytes(file, 64);
        return formatOf(Bytes(bytes.data(), bytes.size())) != Format::other || cv::haveImageReader(file);
    } catch (const std::exception&) {
        return false;  // reading it reports the error
    }
}

Picture readPicture(const std::string& file) {
    std::error_code error;
    if (std::filesystem::file_size(file, error) > largestFile && !error) {
        throw std::runtime_error("is larger than 512 MiB, expected a picture");
    }
    const auto bytes = readBytes(file, largestFile);
    if (bytes.empty()) {
        throw std::runtime_error("is empty");
    }
    const Bytes whole(bytes.data(), bytes.size());
    const Container container = inspect(whole);
    if (!container.fault.empty()) {
        throw std::runtime_error(container.fault);
    }
    Picture picture;
    picture.orientation = container.orientation;
    try {
        // Always 8-bit BGR. Rotated here, as versions of OpenCV differ in which formats they rotate.
        picture.pixels = cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    } catch (const cv::Exception&) {  // a size that OpenCV refuses
    }
    if (picture.pixels.empty()) {
        throw std::runtime_error(formatOf(whole) == Format::other
                                     ? "not a picture that OpenCV can read"
                                     : "is damaged, not a picture that OpenCV can read: save it again");
    }
    makeUpright(picture.pixels, picture.orientation);
    return picture;
}

int turned(int orientation, int turns) {
    // A quarter turn clockwise after each of 1 to 8.
    static constexpr int next[] = {0, 6, 7, 8, 5, 2, 3, 4, 1};
    for (int i = 0; i < turns; ++i) {
        orientation = next[orientation];
    }
    return orientation;
}

void makeUpright(cv::Mat& pixels, int orientation) {
    if (orientation >= 5) {  // 5 to 8 are rotated by a quarter turn
        cv::transpose(pixels, pixels);
    }
    // Then mirror: x for 2, 3, 6, 7, y for 3, 4, 7, 8.
    const bool x = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    const bool y = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    if (x || y) {
        cv::flip(pixels, pixels, x && y ? -1 : x ? 1 : 0);
    }
}

}  // namespace drgan::enrolment

// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_PHONE_CLIP_HPP
#define DRGAN_TESTS_PHONE_CLIP_HPP

#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "run_pipeline.hpp"

namespace drgan_test {

namespace detail {

inline void putFixed(std::string& bytes, size_t at, const std::vector<double>& values, int fraction) {
    for (const double value : values) {
        const auto v = static_cast<uint32_t>(static_cast<int64_t>(value * (1 << fraction)));
        for (int i = 0; i < 4; ++i) {
            bytes.at(at++) = static_cast<char>(v >> (24 - 8 * i) & 0xff);
        }
    }
}

}  // namespace detail

/// Writes one second of H.264 in MP4 that shows one picture, as a phone held upright records it: the frames lie on
/// their side, and the track's matrix says that they have to be rotated by 90 degrees. (mp4mux before 1.24 does not
/// write the matrix.)
///
/// The picture is extended to whole macroblocks of 16 pixels: with other sizes, avdec_h264 of GStreamer 1.26 sometimes
/// aborts ("video meta uses 368x480 instead of 360x480").
/// @param picture 8-bit BGR
/// @param turned false: the frames are upright and need no rotation
/// @return the error; empty: none
inline std::string writePhoneClip(const std::string& file, const cv::Mat& picture, bool turned = true) {
    cv::Mat frame;
    cv::copyMakeBorder(picture, frame, 0, (16 - picture.rows % 16) % 16, 0, (16 - picture.cols % 16) % 16,
                       cv::BORDER_REPLICATE);
    if (turned) {
        cv::rotate(frame, frame, cv::ROTATE_90_COUNTERCLOCKWISE);
    }
    cv::imwrite(file + ".png", frame);
    const std::string why =
        runPipeline("filesrc location=" + file +
                    ".png ! pngdec ! imagefreeze num-buffers=25 ! "
                    "video/x-raw,framerate=25/1 ! videoconvert ! video/x-raw,format=I420 ! x264enc pass=quant "
                    "quantizer=10 tune=zerolatency ! h264parse ! mp4mux ! filesink location=" +
                    file);
    if (!why.empty() || !turned) {
        return why;
    }
    std::ifstream in(file, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    in.close();
    const size_t header = bytes.find("tkhd");
    if (header == std::string::npos || bytes.at(header + 4) != 0) {
        return file + " has no track header of version 0";
    }
    // ISO 14496-12: version and flags, 20 bytes of times and id, 16 bytes of reserved, layer, group and volume, then
    // the matrix.
    const size_t matrix = header + 4 + 4 + 20 + 16;
    detail::putFixed(bytes, matrix, {0, 1, 0, -1, 0, 0, static_cast<double>(frame.rows), 0}, 16);
    std::ofstream(file, std::ios::binary) << bytes;
    return {};
}

}  // namespace drgan_test

#endif

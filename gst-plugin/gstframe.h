// SPDX-License-Identifier: Apache-2.0
//
// Conversion of GStreamer's video frames to FrameView, and of OpenCV's pictures to buffers and samples.
#ifndef GST_DRGAN_FRAME_H
#define GST_DRGAN_FRAME_H

#include <gst/video/video.h>

#include "core/frame/frame_view.hpp"

namespace drgan {

using MakeView = FrameView (*)(const GstVideoFrame&, const YuvConversion&);

/// The function that makes views of frames of this format; null if the format is not supported.
MakeView viewFunction(const GstVideoInfo& info);

/// The conversion of the caps' colorimetry; BT.601 limited range if they have none.
YuvConversion yuvConversion(const GstVideoInfo& info);

/// video/x-raw,format=RGB of a picture of this size. The caller owns it.
GstCaps* pictureCaps(cv::Size size);
/// A new buffer for these caps of an 8-bit BGR picture that is not empty; null if there is no memory. The caller owns
/// it.
GstBuffer* makePicture(const cv::Mat& bgr);
/// A new video/x-raw,format=RGB sample of an 8-bit BGR picture; null for an empty one. The caller owns it.
GstSample* makeSample(const cv::Mat& bgr);

}  // namespace drgan

#endif

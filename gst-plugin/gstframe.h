// SPDX-License-Identifier: Apache-2.0
//
// GStreamer's video frames as the core's views, and the core's pictures as GStreamer's samples.
#ifndef GST_DRGAN_FRAME_H
#define GST_DRGAN_FRAME_H

#include <gst/video/video.h>

#include "core/frame/frame_view.hpp"

namespace drgan {

using MakeView = FrameView (*)(const GstVideoFrame&, const YuvConversion&);

/// The function that views frames of this format; null if there is none.
MakeView viewFunction(const GstVideoInfo& info);

/// What the caps say of Y'CbCr; BT.601 limited where they say nothing.
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

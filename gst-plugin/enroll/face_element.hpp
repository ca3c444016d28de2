// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_FACE_ELEMENT_HPP
#define DRGAN_ENROLL_FACE_ELEMENT_HPP

#include <gst/gst.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "media.hpp"

namespace drgan::enroll {

/// A track, from drganfrontalize's message at its end.
struct Track {
    unsigned id = 0;
    cv::Rect box;                ///< where it was seen last, pixels
    int images = 0;              ///< pictures fused
    double totalConfidence = 0;  ///< sum of their confidences
    cv::Mat embedding;           ///< fused, 1xNf CV_32F
};

/// A drganfrontalize that gets frames as in a pipeline, in one stream after the other, and loads its models once.
class FaceElement {
public:
    /// @param bundle, detector values of the properties; empty: unset
    /// @throws std::runtime_error if there is no such element or it cannot start
    FaceElement(const std::string& bundle, const std::string& detector);
    ~FaceElement();
    FaceElement(const FaceElement&) = delete;
    FaceElement& operator=(const FaceElement&) = delete;

    /// The element's caps, for Media.
    GstCaps* formats() const { return formats_; }

    /// Sends the element a frame: a picture, 8-bit BGR.
    void show(const cv::Mat& picture, GstClockTime time);

    /// Sends the element a frame. @param time of the frame, ns since the start of the stream
    /// @throws std::runtime_error with the element's error message
    void show(GstSample* frame, GstClockTime time);

    /// Ends the stream. @return its tracks with at least one picture, by id
    std::vector<Track> finish();

    /// Whether there are unread messages of the element.
    bool hasMessages() const { return gst_bus_have_pending(bus_) != FALSE; }

private:
    void beginStream();
    void readMessages();
    void check(GstFlowReturn flow);

    GstElement* element_ = nullptr;
    GstPad* into_ = nullptr;
    GstPad* from_ = nullptr;
    GstBus* bus_ = nullptr;
    GstCaps* formats_ = nullptr;
    GstCaps* caps_ = nullptr;  // of the stream
    int streams_ = 0;
    std::vector<Track> tracks_;  // of the stream that have ended
};

}  // namespace drgan::enroll

#endif

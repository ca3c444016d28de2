// SPDX-License-Identifier: Apache-2.0
//
// What drganfrontalize holds besides its GObject: settings, models, the core's pipeline. Throws; the element catches.
#ifndef GST_DRGAN_STATE_H
#define GST_DRGAN_STATE_H

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/results/line_file.hpp"
#include "core/results/statistics.hpp"
#include "gstadvice.h"
#include "gstfaces.h"
#include "gstframe.h"
#include "gstresults.h"
#include "gstsettings.h"

namespace drgan {

class ElementState {
public:
    // Under the element's object lock.
    Settings settings;
    GstClockTime earliest = GST_CLOCK_TIME_NONE;  ///< running time from which frames are in time again, from QoS

    LineFile resultsFile;        ///< interrupt() from any thread, else the streaming thread's
    bool resultsFailed = false;  ///< that was told of
    bool lateLogged = false;

    Faces faces;    ///< the request pad
    Advice advice;  ///< the streaming thread's

    Statistics statistics;  ///< since start(); for any thread

    /// From any thread: drops what is known of a track, of all if id < 0. Waits for the frame that is at work. The last
    /// messages come with the next frame or event. @return tracks that were dropped
    size_t forget(int id);

    // The rest belongs to the streaming thread.
    /// @throws std::system_error if the file of the results cannot be written
    void openResults(const Settings& s);
    void start(Pipeline::Models models, const Settings& s, std::string bundleId);
    void stop();

    /// @return false if the format is none of ours
    bool setInfo(const GstVideoInfo& info);

    /// The frame's metadata and pixels are written. @return its events and report
    Pipeline::Result process(GstVideoFrame& frame, const GstSegment& segment, const Settings& s,
                             GstClockTime earliestTime);
    std::vector<Event> finish();

    /// The structure of the message for an event of the newest frame; the caller owns it.
    GstStructure* makeMessage(const Event& event) const;
    /// The same as a line of results.
    std::string makeLine(const Event& event) const;

    /// Sends the frontal view of each updated track of the newest frame to the pad of the faces, if there is one.
    void sendFaces(const std::vector<Event>& events);
    /// An event of the video, from the thread that it comes in, for the pad of the faces.
    void followStream(GstEvent* event);

private:
    int faceSide() const;
    Pipeline::Result processFrame(GstVideoFrame& frame, const GstSegment& segment, const Settings& s,
                                  GstClockTime earliestTime);
    FrameTimes timesOf(const GstBuffer* buffer, const GstSegment& segment) const;
    Time clockOf(const FrameTimes& times);

    std::mutex mutex_;  // of the next two, for forget()
    std::unique_ptr<Pipeline> pipeline_;
    std::vector<Event> forgotten_;  // not told of yet
    std::string bundleId_;
    int decoderSide_ = 0;
    Settings current_;  // of the newest frame
    MakeView makeView_ = nullptr;
    YuvConversion conversion_{};
    cv::Size size_;
    GstClockTime frameDuration_ = GST_CLOCK_TIME_NONE;
    FrameTimes times_;
    Time clock_ = 0;
    GstClockTime lastInference_ = GST_CLOCK_TIME_NONE;
};

}  // namespace drgan

#endif

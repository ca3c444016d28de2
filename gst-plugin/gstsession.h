// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_SESSION_H
#define GST_DRGAN_SESSION_H

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/models/models.hpp"
#include "core/people/living_gallery.hpp"
#include "core/people/visitors.hpp"
#include "core/pipeline.hpp"
#include "gstframe.h"
#include "gstresults.h"
#include "gstsettings.h"

namespace drgan {

/// One run of the element, from start to stop: the core's pipeline, and the format and times of the frames that it
/// gets. Belongs to the streaming thread, except forget(), forgetVisitor(), enroll() and people(). Errors are
/// exceptions and leave it usable.
class Session {
public:
    /// @param element whose clock and name the messages have; outlives the object
    /// @param people the gallery in use
    /// @param visitors null: nobody without a name is recognised
    /// @param facesWanted whether frontal views are needed even if `settings` does not ask for them
    Session(GstElement* element, LoadedModels loaded, std::unique_ptr<LivingGallery> people,
            std::unique_ptr<Visitors> visitors, const Settings& settings, bool facesWanted);

    /// Call before the first frame, and when the caps change.
    /// @return false if frames of this format cannot be processed
    bool setFormat(const GstVideoInfo& info);

    /// Processes a frame, and writes the results to its metadata and, with Settings::display, to its pixels.
    /// @param settings in use from this frame on
    /// @param earliest running time before which frames are too late for inference; GST_CLOCK_TIME_NONE: none are
    Pipeline::Result process(GstVideoFrame& frame, const GstSegment& segment, const Settings& settings,
                             bool facesWanted, GstClockTime earliest);

    /// Ends all tracks. @return their last events, and those of tracks that were forgotten since the newest frame
    std::vector<Event> endTracks();

    /// Ends a track, all tracks if id < 0, and drops what is known of it. May be called from any thread; waits for the
    /// frame that is being processed. The events come with the next frame, or with endTracks().
    /// @return number of tracks dropped
    size_t forget(int id);

    /// The same for a visitor and the tracks who they are.
    /// @throws cv::Exception if there is no such visitor
    void forgetVisitor(const std::string& visitor);

    /// The gallery in use.
    LivingGallery& people() { return *people_; }

    /// Makes the person behind a track one of the gallery, by this name, or adds the track's pictures to the person of
    /// this name. May be called from any thread; waits for the frame that is being processed.
    /// @throws cv::Exception if there is no such track, or it has no pictures yet; and as LivingGallery::change() does
    void enroll(int track, const std::string& name);

    // For events of the newest frame.
    /// The element message; the caller owns it.
    GstStructure* makeMessage(const Event& event) const;
    /// The line of results, JSON.
    std::string makeLine(const Event& event) const;
    /// The frontal view, see drgan::makeFace(). The caller owns it.
    GstBuffer* makeFace(const Event& event) const;

    /// Width and height of makeFace()'s pictures, pixels.
    int faceSide() const;
    /// Of the newest frame.
    GstClockTime timestamp() const { return times_.timestamp; }

private:
    Pipeline::Result processFrame(GstVideoFrame& frame, const GstSegment& segment, bool facesWanted,
                                  GstClockTime earliest);
    void writeMetadata(GstBuffer* buffer, const Upstream& upstream, const std::vector<TrackInfo>& tracks) const;
    Origin origin() const;
    Time advanceClock();
    bool mayInfer(GstClockTime earliest);

    GstElement* const element_;
    const std::string bundleId_;
    const std::unique_ptr<LivingGallery> people_;
    const std::unique_ptr<Visitors> visitors_;
    const std::uint64_t started_;  // UTC, nanoseconds
    const int decoderSide_;        // of the decoder's pictures, pixels
    std::mutex mutex_;             // protects pipeline_, forgotten_ and changes of visitors_
    Pipeline pipeline_;
    std::vector<Event> forgotten_;  // events of forget()
    std::uint64_t galleryVersion_;  // the pipeline's
    Settings settings_;             // of the newest frame
    MakeView makeView_ = nullptr;   // null: no format yet
    YuvConversion conversion_{};
    cv::Size size_;
    GstClockTime frameDuration_ = GST_CLOCK_TIME_NONE;
    FrameTimes times_;                                  // of the newest frame
    Time clock_ = 0;                                    // the pipeline's time of it
    GstClockTime lastInference_ = GST_CLOCK_TIME_NONE;  // running time
};

}  // namespace drgan

#endif

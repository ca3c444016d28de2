// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_STATE_H
#define GST_DRGAN_STATE_H

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/results/line_file.hpp"
#include "core/results/metrics.hpp"
#include "core/results/metrics_file.hpp"
#include "core/results/statistics.hpp"
#include "gstadvice.h"
#include "gstdelivery.h"
#include "gstfacespad.h"
#include "gstsession.h"
#include "gstsettings.h"

namespace drgan {

/// What drganfrontalize is besides its GObject: its settings, its request pad and, from start() to stop(), a session.
/// Errors are exceptions; the element catches them.
class ElementState {
public:
    /// @param element a GstBaseTransform, which outlives the object
    explicit ElementState(GstElement* element) : element_(element), delivery_(element) {}
    ElementState(const ElementState&) = delete;
    ElementState& operator=(const ElementState&) = delete;

    // From any thread.
    /// @return false if there is no such property
    bool setProperty(guint id, const GValue* value);
    bool getProperty(guint id, GValue* value) const;
    Settings settings() const;
    /// Frames of an earlier running time are too late for inference; GST_CLOCK_TIME_NONE: none are.
    void setEarliest(GstClockTime runningTime);
    GstPad* requestFaces(GstPadTemplate* padTemplate) { return faces_.request(element_, padTemplate); }
    void releaseFaces(GstPad* pad) { faces_.release(element_, pad); }
    // Changes of the gallery by hand. Throw std::exception if they are impossible, also while the element is stopped.
    void enroll(int track, const std::string& name);
    void changeGallery(const GalleryChange& change);
    void saveGallery();
    /// Number of the changes that saveGallery() would write.
    size_t unsavedChanges() const;
    /// See Session::forget().
    size_t forget(int id);
    /// Throws std::exception if there is no such visitor, also while the element is stopped.
    void forgetVisitor(const std::string& visitor);
    /// Makes a streaming thread that waits for a reader of the results or of the faces go on, so that it can stop.
    void interrupt();

    // From the thread that changes the state.
    /// @throws std::system_error if the file cannot be written
    void openResults(const Settings& settings);
    /// Opens the way to the broker. @throws std::exception for settings that cannot be used
    void openDelivery(const Settings& settings);
    /// @param bundle its id
    /// @throws std::exception if the file cannot be written
    void openMetrics(const Settings& settings, const std::string& bundle);
    /// Closes what the three have opened.
    void closeOutputs();
    /// @param visitors null: nobody without a name is recognised
    void start(LoadedModels loaded, std::unique_ptr<LivingGallery> people, std::unique_ptr<Visitors> visitors,
               const Settings& settings);
    void stop();

    // From the streaming thread.
    /// @return false if frames of this format cannot be processed
    bool setFormat(const GstVideoInfo& info);
    /// An event of the video stream, from whichever thread it comes in.
    void follow(GstEvent* event);
    Pipeline::Result process(GstVideoFrame& frame, const GstSegment& segment);
    /// Frames since the start that were too late for inference.
    std::uint64_t skippedFrames() const { return statistics_.skipped(); }
    std::vector<Event> endTracks();
    /// The message for an event of the newest frame; the caller owns it.
    GstStructure* makeMessage(const Event& event) const;
    /// Writes an event of the newest frame to the file of results, and sends it to the broker.
    /// @return errno of the first failure since the start; 0: written, no file is open, or a later failure
    int writeResult(const Event& event);
    /// Sends the frontal views of the updated tracks of the newest frame to the pad "faces", if there is one.
    void sendFaces(const std::vector<Event>& events);

private:
    std::shared_ptr<Session> session() const;
    std::shared_ptr<Session> startedSession() const;
    int faceSide() const;
    Metrics metrics(const std::string& source, const std::string& bundle, bool delivers) const;

    GstElement* const element_;
    mutable std::mutex mutex_;  // protects the next two, and session_ where another thread needs it
    Settings settings_;
    GstClockTime earliest_ = GST_CLOCK_TIME_NONE;
    std::shared_ptr<Session> session_;  // null: stopped
    Statistics statistics_;
    LineFile results_;
    bool resultsFailed_ = false;
    Delivery delivery_;
    std::atomic<std::uint64_t> messages_{0};  // posted since the start
    std::unique_ptr<MetricsFile> metrics_;    // null: no file
    FacesPad faces_;
    Advice advice_;
};

}  // namespace drgan

#endif

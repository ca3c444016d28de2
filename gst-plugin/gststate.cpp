// SPDX-License-Identifier: Apache-2.0
#include "gststate.h"

#include <gst/base/gstbasetransform.h>

#include <utility>

namespace drgan {

bool ElementState::setProperty(guint id, const GValue* value) {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool known = drgan::setProperty(settings_, id, value);
    const std::string gallery = settings_.gallery;
    const std::shared_ptr<Session> session = session_;
    lock.unlock();
    if (id == PROP_GALLERY && session) {
        session->people().use(gallery);
    }
    return known;
}

bool ElementState::getProperty(guint id, GValue* value) const {
    if (id == PROP_STATS) {
        g_value_take_boxed(value, makeStats(statistics_.snapshot()));
        return true;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    return drgan::getProperty(settings_, id, value);
}

Settings ElementState::settings() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return settings_;
}

void ElementState::setEarliest(GstClockTime runningTime) {
    const std::lock_guard<std::mutex> lock(mutex_);
    earliest_ = runningTime;
}

size_t ElementState::forget(int id) {
    const auto session = this->session();
    return session ? session->forget(id) : 0;
}

std::shared_ptr<Session> ElementState::session() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return session_;
}

std::shared_ptr<Session> ElementState::startedSession() const {
    auto found = session();
    if (!found) {
        CV_Error(cv::Error::StsError, "the element is stopped: it has neither tracks nor a gallery");
    }
    return found;
}

void ElementState::enroll(int track, const std::string& name) { startedSession()->enroll(track, name); }

void ElementState::changeGallery(const GalleryChange& change) { startedSession()->people().change(change); }

size_t ElementState::unsavedChanges() const {
    const auto running = session();
    return running ? running->people().unsaved() : 0;
}

void ElementState::saveGallery() { startedSession()->people().save(); }

void ElementState::interrupt() {
    results_.interrupt();
    faces_.interrupt();
}

void ElementState::openResults(const Settings& settings) {
    resultsFailed_ = false;
    if (!settings.resultsLocation.empty()) {
        results_.open(settings.resultsLocation);
    }
}

void ElementState::start(LoadedModels loaded, std::unique_ptr<LivingGallery> people, const Settings& settings) {
    if (settings.threads > 0) {
        cv::setNumThreads(settings.threads);
    }
    statistics_.reset();
    auto session = std::make_shared<Session>(element_, std::move(loaded), std::move(people), settings, faces_.wanted());
    const std::lock_guard<std::mutex> lock(mutex_);
    if (settings_.gallery != settings.gallery) {  // set meanwhile
        session->people().use(settings_.gallery);
    }
    session_ = std::move(session);
    earliest_ = GST_CLOCK_TIME_NONE;
}

void ElementState::stop() {
    std::shared_ptr<Session> ended;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ended.swap(session_);
    }
    ended.reset();  // without the lock: waits for a thread that may post messages
    results_.close();
    faces_.stop();
}

bool ElementState::setFormat(const GstVideoInfo& info) {
    const bool known = session_ && session_->setFormat(info);
    if (known) {
        advice_.seeFormat(element_, info);
    }
    return known;
}

void ElementState::follow(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_TAG:
            advice_.seeTags(element_, event, GST_BASE_TRANSFORM_SINK_PAD(element_));
            break;
        case GST_EVENT_STREAM_START:
            advice_.forget();
            setEarliest(GST_CLOCK_TIME_NONE);
            break;
        case GST_EVENT_FLUSH_STOP:
            setEarliest(GST_CLOCK_TIME_NONE);
            break;
        default:
            break;
    }
    faces_.follow(event, GST_EVENT_IS_SERIALIZED(event) ? faceSide() : 0);
}

Pipeline::Result ElementState::process(GstVideoFrame& frame, const GstSegment& segment) {
    if (!session_) {
        CV_Error(cv::Error::StsError, "a frame came before the start");
    }
    std::unique_lock<std::mutex> lock(mutex_);
    const Settings settings = settings_;
    const GstClockTime earliest = earliest_;
    lock.unlock();
    auto result = session_->process(frame, segment, settings, faces_.wanted(), earliest);
    statistics_.add(result.report);
    return result;
}

std::vector<Event> ElementState::endTracks() { return session_ ? session_->endTracks() : std::vector<Event>(); }

GstStructure* ElementState::makeMessage(const Event& event) const { return session_->makeMessage(event); }

int ElementState::writeResult(const Event& event) {
    const int error = results_.isOpen() ? results_.append(session_->makeLine(event)) : 0;
    return error != 0 && !std::exchange(resultsFailed_, true) ? error : 0;
}

int ElementState::faceSide() const { return session_ ? session_->faceSide() : 0; }

void ElementState::sendFaces(const std::vector<Event>& events) {
    if (faces_.wanted()) {
        for (const auto& event : events) {
            if (event.kind != Event::Kind::updated) {
                continue;
            }
            if (GstBuffer* face = session_->makeFace(event)) {
                faces_.push(face, faceSide());
            }
        }
    }
    faces_.advance(faceSide(), session_->timestamp());
}

}  // namespace drgan

// SPDX-License-Identifier: Apache-2.0
/**
 * SECTION:element-drganfrontalize
 * @title: drganfrontalize
 *
 * Detects and tracks faces, computes embeddings that do not depend on pose with a DR-GAN encoder, fuses the pictures of
 * each face weighted by their confidence, and draws the frontal view of the fused embedding beside the head.
 *
 * If a frame carries #GstVideoRegionOfInterestMeta of the type #GstDrganFrontalize:roi-type, the faces are taken from
 * it. Otherwise they are detected, by YuNet (#GstDrganFrontalize:detector) or by the bundle's detector. If the bundle
 * has an aligner, it tracks the faces between detections, so that #GstDrganFrontalize:detect-interval may be a second
 * or more, and a region in which it sees no face starts no track. Each face gets a structure "drgan" on its region and
 * its id as "object_id". Element messages named "drganfrontalize" report new, updated and lost tracks. With each update
 * of a track, its frontal view is pushed on the request pad "faces".
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=faces.mp4 ! decodebin ! videoconvert ! videoflip video-direction=auto !
 *     drganfrontalize ! videoconvert ! autovideosink
 * ]|
 */
#include "gstdrganfrontalize.h"

#include <gst/video/gstvideoaffinetransformationmeta.h>

#include <cerrno>
#include <utility>

#include "core/models/models.hpp"
#include "core/reason.hpp"
#include "gstlog.h"
#include "gststate.h"

GST_DEBUG_CATEGORY_STATIC(gst_drgan_frontalize_debug);
#define GST_CAT_DEFAULT gst_drgan_frontalize_debug

namespace {

using drgan::ElementState;
using drgan::Settings;

#define FORMATS "{ BGR, BGRx, BGRA, RGB, RGBx, RGBA, I420, NV12 }"

GstStaticPadTemplate sinkTemplate =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(FORMATS)));
GstStaticPadTemplate srcTemplate =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(FORMATS)));

}  // namespace

struct _GstDrganFrontalize {
    GstVideoFilter parent;
    ElementState* state;
};

G_DEFINE_TYPE(GstDrganFrontalize, gst_drgan_frontalize, GST_TYPE_VIDEO_FILTER)
GST_ELEMENT_REGISTER_DEFINE(drganfrontalize, "drganfrontalize", GST_RANK_NONE, GST_TYPE_DRGAN_FRONTALIZE)

static ElementState& stateOf(gpointer self) { return *GST_DRGAN_FRONTALIZE(self)->state; }

// Runs `body`. An exception becomes an element error of the given code, and `failed` is returned. A resource that does
// not exist gets the code NOT_FOUND.
template <typename Result, typename Body>
static Result guarded(gpointer self, GQuark domain, gint code, const char* what, Result failed, Body body) {
    std::string reason = "unknown exception";
    try {
        return body();
    } catch (const cv::Exception& e) {
        reason = drgan::reasonOf(e);
        if (domain == GST_RESOURCE_ERROR && e.code == cv::Error::StsObjectNotFound) {
            code = GST_RESOURCE_ERROR_NOT_FOUND;
        }
    } catch (const std::exception& e) {
        reason = e.what();
    } catch (...) {
    }
    gst_element_message_full(GST_ELEMENT(self), GST_MESSAGE_ERROR, domain, code,
                             g_strdup_printf("%s: %s", what, reason.c_str()), nullptr, __FILE__, GST_FUNCTION,
                             __LINE__);
    return failed;
}

// A line that cannot be written does not stop the stream.
static void writeResult(GstDrganFrontalize* self, const drgan::Event& event) {
    const int error = stateOf(self).writeResult(event);
    if (error == 0) {
        return;
    }
    const gint code = error == ENOSPC ? GST_RESOURCE_ERROR_NO_SPACE_LEFT : GST_RESOURCE_ERROR_WRITE;
    gst_element_message_full(
        GST_ELEMENT(self), GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, code,
        g_strdup_printf("Cannot write a line of results: %s. The stream continues; further failures are not reported",
                        g_strerror(error)),
        nullptr, __FILE__, GST_FUNCTION, __LINE__);
}

static void postEvents(GstDrganFrontalize* self, const std::vector<drgan::Event>& events) {
    drgan::logEvents(self, events);
    for (const auto& event : events) {
        writeResult(self, event);
        GstStructure* structure = stateOf(self).makeMessage(event);
        gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), structure));
    }
}

// Ends all tracks and posts their last messages.
static void endTracks(GstDrganFrontalize* self) {
    guarded(self, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "Ending the tracks failed", false, [&] {
        postEvents(self, stateOf(self).endTracks());
        return true;
    });
}

static void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
    if (!stateOf(object).setProperty(id, value)) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    // In passthrough the base class maps frames read-only; transform_frame_ip is called anyway.
    const bool display = stateOf(object).settings().display;
    if (display == (gst_base_transform_is_passthrough(GST_BASE_TRANSFORM(object)) != FALSE)) {
        gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(object), display ? FALSE : TRUE);
    }
}

static void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
    if (!stateOf(object).getProperty(id, value)) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static gboolean start(GstBaseTransform* trans) {
    const Settings settings = stateOf(trans).settings();
    const auto load = [&](const char* what, auto body, gint code = GST_RESOURCE_ERROR_OPEN_READ) {
        return guarded(trans, GST_RESOURCE_ERROR, code, what, FALSE, [&] {
            body();
            return TRUE;
        });
    };
    std::vector<drgan::Device> devices;
    const auto choose = [&] {
        for (const auto& name :
             drgan::devicesToTry(settings.backend, settings.target, cv::drgan::availableBackends())) {
            drgan::Device device;
            cv::drgan::findBackend(name, device.backend, device.target);
            devices.push_back(device);
        }
        if (settings.backend == "auto" && settings.target == "auto" && devices.size() == 1) {
            GST_WARNING_OBJECT(trans, "OpenCV %s has no CUDA here: networks run on the CPU", CV_VERSION);
        }
    };
    drgan::LoadedModels loaded;
    const auto loadThem = [&] {
        loaded = loadModels({settings.bundle, settings.detector, settings.core.detectInterval > 0}, devices,
                            [&](const std::string& why) {
                                GST_ELEMENT_WARNING(trans, LIBRARY, INIT, ("Networks do not run on the GPU"),
                                                    ("%s", why.c_str()));
                            });
    };
    std::unique_ptr<drgan::LivingGallery> people;
    const auto loadGallery = [&] {
        const auto report = [trans](const std::string& why) {
            GST_ELEMENT_WARNING(trans, RESOURCE, OPEN_READ, ("Cannot use the new gallery: %s", why.c_str()),
                                ("the old one stays in use"));
        };
        people = std::make_unique<drgan::LivingGallery>(loaded.models.encoder, settings.gallery, report,
                                                        drgan::LivingGallery::Options());
    };
    std::unique_ptr<drgan::Visitors> visitors;
    const auto openVisitors = [&] {
        if (settings.visitors.empty()) {
            return;
        }
        const auto report = [trans](const std::string& why) {
            GST_ELEMENT_WARNING(trans, RESOURCE, WRITE, ("Cannot save the visitors: %s", why.c_str()),
                                ("trying again; visitors who are not saved are forgotten at the stop"));
        };
        visitors = std::make_unique<drgan::Visitors>(loaded.models.encoder, settings.visitors, settings.visitorLimits,
                                                     report, drgan::Visitors::Options());
    };
    const auto openResults = [&] { stateOf(trans).openResults(settings); };
    const auto openDelivery = [&] { stateOf(trans).openDelivery(settings); };
    const auto openMetrics = [&] { stateOf(trans).openMetrics(settings, loaded.bundleId); };
    const auto begin = [&] {
        stateOf(trans).start(std::move(loaded), std::move(people), std::move(visitors), settings);
    };
    const gboolean ok = load("Cannot use backend and target", choose, GST_RESOURCE_ERROR_SETTINGS) &&
                        load("Cannot load the models", loadThem) && load("Cannot use the gallery", loadGallery) &&
                        load("Cannot use the visitors", openVisitors, GST_RESOURCE_ERROR_OPEN_READ_WRITE) &&
                        load("Cannot write results", openResults, GST_RESOURCE_ERROR_OPEN_WRITE) &&
                        load("Cannot send messages", openDelivery, GST_RESOURCE_ERROR_SETTINGS) &&
                        load("Cannot write metrics", openMetrics, GST_RESOURCE_ERROR_OPEN_WRITE) &&
                        load("Cannot start", begin);
    if (ok == FALSE) {
        stateOf(trans).closeOutputs();
    } else {
        const auto counts = drgan::NetworkCache::ofProcess().counts();
        GST_INFO_OBJECT(trans, "this process has loaded %" G_GSIZE_FORMAT " networks; %" G_GSIZE_FORMAT " are in use",
                        counts.loads, counts.networks);
    }
    return ok;
}

// A streaming thread that waits for a reader of the results or of the faces must not prevent the element from stopping.
static GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
        stateOf(element).interrupt();
    }
    return GST_ELEMENT_CLASS(gst_drgan_frontalize_parent_class)->change_state(element, transition);
}

static gboolean stop(GstBaseTransform* trans) {
    endTracks(GST_DRGAN_FRONTALIZE(trans));
    if (const size_t unsaved = stateOf(trans).unsavedChanges()) {
        GST_WARNING_OBJECT(trans, "%" G_GSIZE_FORMAT " changes of the gallery were not saved", unsaved);
    }
    stateOf(trans).stop();
    return TRUE;
}

static gboolean set_info(GstVideoFilter* filter, GstCaps* incaps, GstVideoInfo* info, GstCaps*, GstVideoInfo*) {
    auto* self = GST_DRGAN_FRONTALIZE(filter);
    endTracks(self);  // positions are not valid for another frame size
    const bool known = stateOf(self).setFormat(*info);
    if (!known) {
        GST_ERROR_OBJECT(self, "cannot process %" GST_PTR_FORMAT, incaps);
    }
    return known ? TRUE : FALSE;
}

// Metadata is added to every buffer. A shared buffer gets its own metadata here, while its memory stays shared until it
// is written to. The base class would copy the memory, too.
static GstFlowReturn submit_input_buffer(GstBaseTransform* trans, gboolean discont, GstBuffer* input) {
    return GST_BASE_TRANSFORM_CLASS(gst_drgan_frontalize_parent_class)
        ->submit_input_buffer(trans, discont, gst_buffer_make_writable(input));
}

static void before_transform(GstBaseTransform* trans, GstBuffer* buffer) {
    if (trans->segment.format != GST_FORMAT_TIME) {
        return;
    }
    const GstClockTime time =
        gst_segment_to_stream_time(&trans->segment, GST_FORMAT_TIME, GST_BUFFER_TIMESTAMP(buffer));
    if (GST_CLOCK_TIME_IS_VALID(time)) {
        gst_object_sync_values(GST_OBJECT(trans), time);
    }
}

static GstFlowReturn transform_frame_ip(GstVideoFilter* filter, GstVideoFrame* frame) {
    auto* self = GST_DRGAN_FRONTALIZE(filter);
    return guarded(self, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, "Processing a frame failed", GST_FLOW_ERROR, [&] {
        const auto result = stateOf(self).process(*frame, GST_BASE_TRANSFORM(filter)->segment);
        if (result.report.skipped && stateOf(self).skippedFrames() == 1) {
            GST_WARNING_OBJECT(self,
                               "inference is slower than the stream: late frames are pushed without it, with predicted "
                               "results; \"stats\" counts them as skipped. Further ones are not logged");
        }
        drgan::logReport(self, result.report);
        postEvents(self, result.events);
        stateOf(self).sendFaces(result.events);
        return GST_FLOW_OK;
    });
}

static gboolean sink_event(GstBaseTransform* trans, GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_STREAM_START:
        case GST_EVENT_EOS:
        case GST_EVENT_FLUSH_STOP:
            endTracks(GST_DRGAN_FRONTALIZE(trans));
            break;
        default:
            break;
    }
    stateOf(trans).follow(event);
    return GST_BASE_TRANSFORM_CLASS(gst_drgan_frontalize_parent_class)->sink_event(trans, event);
}

// In passthrough the base class lets downstream answer which metadata upstream may attach. This element does not
// support metadata by which the picture differs from the frame's pixels.
static gboolean query(GstBaseTransform* trans, GstPadDirection direction, GstQuery* query) {
    const gboolean answered =
        GST_BASE_TRANSFORM_CLASS(gst_drgan_frontalize_parent_class)->query(trans, direction, query);
    if (answered != FALSE && direction == GST_PAD_SINK && GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) {
        for (const GType meta : {GST_VIDEO_CROP_META_API_TYPE, GST_VIDEO_AFFINE_TRANSFORMATION_META_API_TYPE}) {
            guint index = 0;
            if (gst_query_find_allocation_meta(query, meta, &index) != FALSE) {
                gst_query_remove_nth_allocation_meta(query, index);
            }
        }
    }
    return answered;
}

// The base class would drop late frames. Here they are pushed, without inference.
static gboolean src_event(GstBaseTransform* trans, GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
        GstClockTimeDiff late = 0;
        GstClockTime time = GST_CLOCK_TIME_NONE;
        gst_event_parse_qos(event, nullptr, nullptr, &late, &time);
        // The usual estimate: the next frame is in time again after twice the delay.
        stateOf(trans).setEarliest(late > 0 && GST_CLOCK_TIME_IS_VALID(time)
                                       ? time + 2 * static_cast<GstClockTime>(late)
                                       : GST_CLOCK_TIME_NONE);
    }
    return GST_BASE_TRANSFORM_CLASS(gst_drgan_frontalize_parent_class)->src_event(trans, event);
}

static GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar*, const GstCaps*) {
    GstPad* pad = stateOf(element).requestFaces(templ);
    if (pad == nullptr) {
        GST_WARNING_OBJECT(element, "the pad \"faces\" exists already: use a tee to get several branches");
    }
    return pad;
}

static void release_pad(GstElement* element, GstPad* pad) { stateOf(element).releaseFaces(pad); }

static guint forget(GstDrganFrontalize* self, gint id) {
    return guarded(self, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, "Forgetting failed", 0U,
                   [&] { return static_cast<guint>(stateOf(self).forget(id)); });
}

// Runs a change by hand of the gallery or the visitors. What is impossible is logged; the caller is told by the result.
template <typename Body>
static gboolean changed(GstDrganFrontalize* self, const char* what, Body body) {
    try {
        body();
        return TRUE;
    } catch (const std::exception& e) {
        GST_WARNING_OBJECT(self, "%s: %s", what, drgan::reasonOf(e).c_str());
    }
    return FALSE;
}

static std::string textOf(const gchar* text) { return text != nullptr ? text : ""; }

static gboolean enroll(GstDrganFrontalize* self, gint track, const gchar* name) {
    return changed(self, "enroll", [&] { stateOf(self).enroll(track, textOf(name)); });
}

static gboolean remove_person(GstDrganFrontalize* self, const gchar* name) {
    return changed(self, "remove-person", [&] {
        stateOf(self).changeGallery({drgan::GalleryChange::Kind::remove, textOf(name), {}, {}, 0, 0, {}});
    });
}

static gboolean rename_person(GstDrganFrontalize* self, const gchar* name, const gchar* to) {
    return changed(self, "rename-person", [&] {
        stateOf(self).changeGallery({drgan::GalleryChange::Kind::rename, textOf(name), textOf(to), {}, 0, 0, {}});
    });
}

static gboolean merge_people(GstDrganFrontalize* self, const gchar* name, const gchar* into) {
    return changed(self, "merge-people", [&] {
        stateOf(self).changeGallery({drgan::GalleryChange::Kind::merge, textOf(name), textOf(into), {}, 0, 0, {}});
    });
}

static gboolean forget_visitor(GstDrganFrontalize* self, const gchar* visitor) {
    return changed(self, "forget-visitor", [&] { stateOf(self).forgetVisitor(textOf(visitor)); });
}

static gboolean save_gallery(GstDrganFrontalize* self) {
    return changed(self, "save-gallery", [&] {
        try {
            stateOf(self).saveGallery();
        } catch (const std::exception& e) {
            GST_ELEMENT_WARNING(self, RESOURCE, WRITE, ("Cannot save the gallery: %s", drgan::reasonOf(e).c_str()),
                                ("its changes stay in use, and unsaved"));
            throw;
        }
    });
}

static void finalize(GObject* object) {
    delete GST_DRGAN_FRONTALIZE(object)->state;
    G_OBJECT_CLASS(gst_drgan_frontalize_parent_class)->finalize(object);
}

static void gst_drgan_frontalize_init(GstDrganFrontalize* self) {
    self->state = new ElementState(GST_ELEMENT(self));
    gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
    gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);
}

static void gst_drgan_frontalize_class_init(GstDrganFrontalizeClass* klass) {
    auto* object = G_OBJECT_CLASS(klass);
    auto* element = GST_ELEMENT_CLASS(klass);
    auto* trans = GST_BASE_TRANSFORM_CLASS(klass);
    auto* filter = GST_VIDEO_FILTER_CLASS(klass);
    GST_DEBUG_CATEGORY_INIT(gst_drgan_frontalize_debug, "drganfrontalize", 0, "face frontalization");
    drgan::initLog();

    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    drgan::installProperties(object);
    /**
     * GstDrganFrontalize::forget:
     * @track_id: the track, -1 for all
     *
     * Ends a track and drops everything that is known of it: name, pictures, position, and the visitor of
     * #GstDrganFrontalize:visitors who it was, also from that file. May be called from any thread;
     * waits for the frame that is being processed. The message "track-lost" is posted with the next frame or event,
     * without embedding and pictures. A face that is still in the video becomes a new track. Buffers and messages that
     * have left the element are not changed.
     *
     * Returns: number of tracks dropped
     */
    g_signal_new_class_handler("forget", G_TYPE_FROM_CLASS(klass),
                               static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION), G_CALLBACK(forget),
                               nullptr, nullptr, nullptr, G_TYPE_UINT, 1, G_TYPE_INT);

    const auto action = [klass](const char* name, GCallback handler, guint arguments, GType first, GType second) {
        g_signal_new_class_handler(name, G_TYPE_FROM_CLASS(klass),
                                   static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION), handler, nullptr,
                                   nullptr, nullptr, G_TYPE_BOOLEAN, arguments, first, second);
    };
    /**
     * GstDrganFrontalize::forget-visitor:
     * @visitor: the id, as the field "visitor" of messages has it
     *
     * Drops everything that is known of a visitor, also from the file of #GstDrganFrontalize:visitors, which is saved
     * at once, and forgets the visitor's tracks as #GstDrganFrontalize::forget does.
     *
     * Returns: whether there was such a visitor; if not, the log says why
     */
    action("forget-visitor", G_CALLBACK(forget_visitor), 1, G_TYPE_STRING, G_TYPE_NONE);
    /**
     * GstDrganFrontalize::enroll:
     * @track_id: the track
     * @name: of the person, UTF-8
     *
     * Makes the person behind a track one of the gallery, or adds the track's pictures to the person of this name. The
     * name is in the next frame's messages. Like the following signals, it may be emitted from any thread, and changes
     * the gallery in use; #GstDrganFrontalize::save-gallery changes its file.
     *
     * Returns: whether it was done; if not, the log says why
     */
    action("enroll", G_CALLBACK(enroll), 2, G_TYPE_INT, G_TYPE_STRING);
    /**
     * GstDrganFrontalize::remove-person:
     * @name: of the person
     *
     * Returns: whether there was such a person
     */
    action("remove-person", G_CALLBACK(remove_person), 1, G_TYPE_STRING, G_TYPE_NONE);
    /**
     * GstDrganFrontalize::rename-person:
     * @name: of the person
     * @to: the new name, which nobody in the gallery has
     *
     * Returns: whether it was done
     */
    action("rename-person", G_CALLBACK(rename_person), 2, G_TYPE_STRING, G_TYPE_STRING);
    /**
     * GstDrganFrontalize::merge-people:
     * @name: a person
     * @into: the person who gets the pictures of @name, who ceases to exist
     *
     * Returns: whether it was done
     */
    action("merge-people", G_CALLBACK(merge_people), 2, G_TYPE_STRING, G_TYPE_STRING);
    /**
     * GstDrganFrontalize::save-gallery:
     *
     * Writes the gallery to its file, atomically. What other programs have changed in the file since is kept. Waits up
     * to 5 seconds for a program that is changing the file.
     *
     * Returns: whether it was done; if not, a warning on the bus says why, and nothing is lost
     */
    action("save-gallery", G_CALLBACK(save_gallery), 0, G_TYPE_NONE, G_TYPE_NONE);

    element->change_state = change_state;
    element->request_new_pad = request_new_pad;
    element->release_pad = release_pad;
    gst_element_class_set_static_metadata(element, "Face frontalizer", "Filter/Analyzer/Video",
                                          "Tracks faces, computes pose-invariant embeddings (DR-GAN) and draws frontal "
                                          "views",
                                          "DR-GAN project");
    gst_element_class_add_static_pad_template(element, &sinkTemplate);
    gst_element_class_add_static_pad_template(element, &srcTemplate);
    gst_element_class_add_static_pad_template(element, &drgan::FacesPad::padTemplate);

    trans->start = start;
    trans->stop = stop;
    trans->sink_event = sink_event;
    trans->src_event = src_event;
    trans->query = query;
    trans->submit_input_buffer = submit_input_buffer;
    trans->before_transform = before_transform;
    filter->set_info = set_info;
    filter->transform_frame_ip = transform_frame_ip;
}

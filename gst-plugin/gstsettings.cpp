// SPDX-License-Identifier: Apache-2.0
#include "gstsettings.h"

#include <algorithm>
#include <iterator>

namespace drgan {
namespace {

// Five frames are 0.2 s at 25 frames/s, in which a head moves less than its width, so that boxes still overlap.
constexpr int defaultDetectInterval = 5;
constexpr guint defaultEncodeInterval = 200;
constexpr guint defaultRefreshInterval = 2000;
constexpr guint defaultTrackTimeout = 2000;
constexpr int defaultDetectSize = 640;
constexpr int defaultMaxFaces = 16;
constexpr int defaultMinFaceSize = 24;
constexpr double defaultUpdateThreshold = 0.5;
constexpr double defaultStrangerRate = 0.01;
constexpr double leastStrangerRate = 1e-6;
constexpr double mostStrangerRate = 0.5;
constexpr const char* defaultRoiType = "face";
constexpr int maxThreads = 256;
constexpr int defaultMqttQueue = 10000;
constexpr int mostQueued = 1000000;
constexpr int mostVisitorsDays = 36500;
constexpr int mostVisitors = 100000;  // they are searched without an index

// The nicks are parts of the names of cv::drgan::availableBackends().
GType backendType() {
    static const GEnumValue values[] = {{0, "CUDA if OpenCV supports it, else OpenCV's own", "auto"},
                                        {1, "OpenCV's own", "opencv"},
                                        {2, "CUDA", "cuda"},
                                        {0, nullptr, nullptr}};
    static const GType type = g_enum_register_static("GstDrganFrontalizeBackend", values);
    return type;
}

GType targetType() {
    static const GEnumValue values[] = {{0, "CUDA if OpenCV supports it, else the CPU", "auto"},
                                        {1, "CPU", "cpu"},
                                        {2, "OpenCL device", "opencl"},
                                        {3, "NVIDIA GPU", "cuda"},
                                        {4, "NVIDIA GPU, half precision", "cuda-fp16"},
                                        {0, nullptr, nullptr}};
    static const GType type = g_enum_register_static("GstDrganFrontalizeTarget", values);
    return type;
}

constexpr auto anytime =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
constexpr auto atStart = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

std::string textOf(const GValue* value) {
    const gchar* text = g_value_get_string(value);
    return text != nullptr ? text : "";
}

void setText(GValue* value, const std::string& text) {
    g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

std::string nickOf(const GValue* value) {
    auto* const type = G_ENUM_CLASS(g_type_class_ref(G_VALUE_TYPE(value)));
    const std::string nick = g_enum_get_value(type, g_value_get_enum(value))->value_nick;
    g_type_class_unref(type);
    return nick;
}

void setNick(GValue* value, const std::string& nick) {
    auto* const type = G_ENUM_CLASS(g_type_class_ref(G_VALUE_TYPE(value)));
    g_value_set_enum(value, g_enum_get_value_by_nick(type, nick.c_str())->value);
    g_type_class_unref(type);
}

Time timeOf(const GValue* value) { return static_cast<Time>(g_value_get_uint(value)) * millisecond; }

void setTime(GValue* value, Time time) { g_value_set_uint(value, static_cast<guint>(time / millisecond)); }

/// Everything about a property.
struct Entry {
    guint id;
    GParamSpec* (*spec)();
    void (*set)(Settings& s, const GValue* v);  ///< null: not in Settings
    void (*get)(const Settings& s, GValue* v);
};

const Entry entries[] = {
    {PROP_BUNDLE,
     [] {
         return g_param_spec_string("bundle", "Bundle",
                                    "Folder of the model bundle; unset: the environment variable DRGAN_BUNDLE, "
                                    "else the default bundle where it was installed",
                                    nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.bundle = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.bundle); }},
    {PROP_DETECTOR,
     [] {
         return g_param_spec_string("detector", "Detector",
                                    "YuNet model file for cv::FaceDetectorYN; unset: the bundle's detector", nullptr,
                                    atStart);
     },
     [](Settings& s, const GValue* v) { s.detector = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.detector); }},
    {PROP_GALLERY,
     [] {
         return g_param_spec_string(
             "gallery", "Gallery",
             "Gallery file of named people, as written by drgan-enroll with the same bundle. A face gets the "
             "name of the matching person; see stranger-rate for false matches. A file that is replaced "
             "is taken up while the element plays. Unset: no names",
             nullptr, anytime);
     },
     [](Settings& s, const GValue* v) { s.gallery = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.gallery); }},
    {PROP_VISITORS,
     [] {
         return g_param_spec_string(
             "visitors", "Visitors",
             "File in which people without a name are kept (biometric data), so that a face that comes back after "
             "minutes or days gets the same id. Created if there is none. Unset: nobody is kept",
             nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.visitors = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.visitors); }},
    {PROP_VISITORS_DAYS,
     [] {
         return g_param_spec_int("visitors-days", "Visitors' days",
                                 "Days after which a visitor is dropped who was not seen again", 1, mostVisitorsDays,
                                 Visitors::Limits().days, anytime);
     },
     [](Settings& s, const GValue* v) { s.visitorLimits.days = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.visitorLimits.days); }},
    {PROP_VISITORS_LIMIT,
     [] {
         return g_param_spec_int("visitors-limit", "Visitors' limit",
                                 "Maximum number of visitors; of more, those seen longest ago are dropped", 1,
                                 mostVisitors, Visitors::Limits().most, anytime);
     },
     [](Settings& s, const GValue* v) { s.visitorLimits.most = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.visitorLimits.most); }},
    {PROP_DETECT_INTERVAL,
     [] {
         return g_param_spec_int(
             "detect-interval", "Detect interval",
             "Number of frames between two face detections. The detector also runs as soon as a track is missed; "
             "if the bundle has an aligner, which tracks faces between detections, also every fifth frame while "
             "there are no tracks or a face was lost within the last second. 0: never detect, use faces from "
             "upstream metadata only",
             0, G_MAXINT, defaultDetectInterval, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.detectInterval = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.core.detectInterval); }},
    {PROP_DETECT_SIZE,
     [] {
         return g_param_spec_int("detect-size", "Detect size",
                                 "Longer side of the picture that faces are detected in, in pixels: larger frames are "
                                 "scaled down to it. Larger values find smaller faces; the time grows with the square",
                                 32, 8192, defaultDetectSize, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.detectSize = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.core.detectSize); }},
    {PROP_ENCODE_INTERVAL,
     [] {
         return g_param_spec_uint("encode-interval", "Encode interval",
                                  "Minimum time between two encodings of a track, in milliseconds", 0, G_MAXUINT,
                                  defaultEncodeInterval, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.encodeInterval = timeOf(v); },
     [](const Settings& s, GValue* v) { setTime(v, s.core.encodeInterval); }},
    {PROP_REFRESH_INTERVAL,
     [] {
         return g_param_spec_uint("refresh-interval", "Refresh interval",
                                  "Time after which a track is encoded again even if the picture shows nothing new, in "
                                  "milliseconds",
                                  0, G_MAXUINT, defaultRefreshInterval, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.refreshInterval = timeOf(v); },
     [](const Settings& s, GValue* v) { setTime(v, s.core.refreshInterval); }},
    {PROP_ROI_TYPE,
     [] {
         return g_param_spec_string("roi-type", "ROI type",
                                    "roi_type of the upstream regions of interest that are faces, and of the "
                                    "regions that this element adds",
                                    defaultRoiType, anytime);
     },
     [](Settings& s, const GValue* v) { s.roiType = textOf(v).empty() ? defaultRoiType : textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.roiType); }},
    {PROP_RESULTS_LOCATION,
     [] {
         return g_param_spec_string(
             "results-location", "Results location",
             "File or named pipe to which each message is written as a line of JSON, without pictures; a file is "
             "emptied at the start. -: standard output; unset: none",
             nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.resultsLocation = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.resultsLocation); }},
    {PROP_SOURCE,
     [] {
         return g_param_spec_string("source", "Source",
                                    "Name of the stream in each message and line of results, for example the camera's; "
                                    "unset: the element's name",
                                    nullptr, anytime);
     },
     [](Settings& s, const GValue* v) { s.source = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.source); }},
    {PROP_MQTT_ADDRESS,
     [] {
         return g_param_spec_string(
             "mqtt-address", "MQTT address",
             "mqtt://HOST[:PORT]/PREFIX, or mqtts:// for TLS: broker to which each message is sent as a line "
             "of JSON, without pictures, on the topic PREFIX/SOURCE/track. Unset: none",
             nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.mqtt.address = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.mqtt.address); }},
    {PROP_MQTT_CREDENTIALS,
     [] {
         return g_param_spec_string(
             "mqtt-credentials", "MQTT credentials",
             "File with the user for the broker in its first line and the password in the second; unset: the "
             "environment variables DRGAN_MQTT_USER and DRGAN_MQTT_PASSWORD",
             nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.mqtt.credentials = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.mqtt.credentials); }},
    {PROP_MQTT_CA,
     [] {
         return g_param_spec_string(
             "mqtt-ca", "MQTT CA",
             "PEM file of the authorities that may have signed the broker's certificate; unset: the system's", nullptr,
             atStart);
     },
     [](Settings& s, const GValue* v) { s.mqtt.ca = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.mqtt.ca); }},
    {PROP_MQTT_CERTIFICATE,
     [] {
         return g_param_spec_string("mqtt-certificate", "MQTT certificate",
                                    "PEM file of this client's certificate for the broker", nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.mqtt.certificate = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.mqtt.certificate); }},
    {PROP_MQTT_KEY,
     [] {
         return g_param_spec_string("mqtt-key", "MQTT key", "PEM file of the private key of mqtt-certificate", nullptr,
                                    atStart);
     },
     [](Settings& s, const GValue* v) { s.mqtt.key = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.mqtt.key); }},
    {PROP_MQTT_QUEUE,
     [] {
         return g_param_spec_int("mqtt-queue", "MQTT queue",
                                 "Number of messages that may wait for the broker; the oldest are dropped and counted",
                                 1, mostQueued, defaultMqttQueue, atStart);
     },
     [](Settings& s, const GValue* v) { s.mqttQueue = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.mqttQueue); }},
    {PROP_METRICS_LOCATION,
     [] {
         return g_param_spec_string(
             "metrics-location", "Metrics location",
             "File to which metrics are written every five seconds in Prometheus' text format, for "
             "node-exporter's textfile collector; removed at the stop. Unset: none",
             nullptr, atStart);
     },
     [](Settings& s, const GValue* v) { s.metricsLocation = textOf(v); },
     [](const Settings& s, GValue* v) { setText(v, s.metricsLocation); }},
    {PROP_DISPLAY,
     [] {
         return g_param_spec_boolean("display", "Display",
                                     "Draw box, id, name with its similarity (cosine), yaw (degrees), the newest "
                                     "picture's confidence as a bar, and frontal view; false leaves every "
                                     "pixel as it is",
                                     TRUE, anytime);
     },
     [](Settings& s, const GValue* v) { s.display = g_value_get_boolean(v) != FALSE; },
     [](const Settings& s, GValue* v) { g_value_set_boolean(v, s.display); }},
    {PROP_EMBEDDINGS,
     [] {
         return g_param_spec_boolean(
             "embeddings", "Embeddings",
             "Add the fused embedding, which is biometric data, to the metadata, the messages and the "
             "results",
             FALSE, anytime);
     },
     [](Settings& s, const GValue* v) { s.embeddings = g_value_get_boolean(v) != FALSE; },
     [](const Settings& s, GValue* v) { g_value_set_boolean(v, s.embeddings); }},
    {PROP_PICTURES,
     [] {
         return g_param_spec_boolean("pictures", "Pictures",
                                     "Add the aligned face and the frontal view to the messages, as GstSample (RGB)",
                                     FALSE, anytime);
     },
     [](Settings& s, const GValue* v) { s.pictures = g_value_get_boolean(v) != FALSE; },
     [](const Settings& s, GValue* v) { g_value_set_boolean(v, s.pictures); }},
    {PROP_YAW,
     [] {
         return g_param_spec_double(
             "yaw", "Yaw",
             "Yaw of the drawn view, in degrees; positive: the nose points to the image's right. Any yaw that the "
             "model has, or between two of them",
             -90, 90, 0, static_cast<GParamFlags>(anytime | GST_PARAM_CONTROLLABLE));
     },
     [](Settings& s, const GValue* v) { s.core.yaw = static_cast<float>(g_value_get_double(v)); },
     [](const Settings& s, GValue* v) { g_value_set_double(v, s.core.yaw); }},
    {PROP_MAX_FACES,
     [] {
         return g_param_spec_int("max-faces", "Max faces",
                                 "Maximum number of faces tracked at a time; the largest are preferred", 1, 256,
                                 defaultMaxFaces, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.maxFaces = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.core.maxFaces); }},
    {PROP_MIN_FACE_SIZE,
     [] {
         return g_param_spec_int("min-face-size", "Min face size",
                                 "Minimum size of a face: longer side of its box, in pixels of the frame", 1, G_MAXINT,
                                 defaultMinFaceSize, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.minFaceSize = static_cast<float>(g_value_get_int(v)); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, static_cast<gint>(s.core.minFaceSize)); }},
    {PROP_TRACK_TIMEOUT,
     [] {
         return g_param_spec_uint("track-timeout", "Track timeout",
                                  "Time after which a face that is not seen is lost, in milliseconds; until then it is "
                                  "recognised if it comes back",
                                  1, G_MAXUINT, defaultTrackTimeout, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.trackTimeout = timeOf(v); },
     [](const Settings& s, GValue* v) { setTime(v, s.core.trackTimeout); }},
    {PROP_UPDATE_THRESHOLD,
     [] {
         return g_param_spec_double("update-threshold", "Update threshold",
                                    "Growth of a track's total confidence (each picture adds 0 to 1) after which it is "
                                    "decoded and reported again; a new name is reported at once",
                                    0, G_MAXDOUBLE, defaultUpdateThreshold, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.updateThreshold = g_value_get_double(v); },
     [](const Settings& s, GValue* v) { g_value_set_double(v, s.core.updateThreshold); }},
    {PROP_FACE_SIZE,
     [] {
         return g_param_spec_int(
             "face-size", "Face size",
             "Width and height of the pictures on the pad \"faces\", in pixels; 0: the size that the "
             "model draws",
             0, 4096, 0, anytime);
     },
     [](Settings& s, const GValue* v) { s.faceSize = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.faceSize); }},
    {PROP_MATCH_THRESHOLD,
     [] {
         return g_param_spec_double(
             "match-threshold", "Match threshold",
             "Minimum cosine similarity of two embeddings of one person: used to restore the id of a face "
             "that comes back, and to name faces from the gallery. -1: the bundle's threshold for ids, "
             "and the one that stranger-rate implies for names",
             -1, 1, -1, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.matchThreshold = g_value_get_double(v); },
     [](const Settings& s, GValue* v) { g_value_set_double(v, s.core.matchThreshold); }},
    {PROP_STRANGER_RATE,
     [] {
         return g_param_spec_double(
             "stranger-rate", "Stranger rate",
             "Probability that a face whose person is not in the gallery gets a name: the similarity "
             "that a name requires grows with the number of people. Ignored if match-threshold is "
             "set or the bundle has no thresholds",
             leastStrangerRate, mostStrangerRate, defaultStrangerRate, anytime);
     },
     [](Settings& s, const GValue* v) { s.core.strangerRate = g_value_get_double(v); },
     [](const Settings& s, GValue* v) { g_value_set_double(v, s.core.strangerRate); }},
    {PROP_BACKEND,
     [] {
         return g_param_spec_enum("backend", "Backend", "Backend that runs the networks", backendType(), 0, atStart);
     },
     [](Settings& s, const GValue* v) { s.backend = nickOf(v); },
     [](const Settings& s, GValue* v) { setNick(v, s.backend); }},
    {PROP_TARGET,
     [] {
         return g_param_spec_enum(
             "target", "Target",
             "Device that the networks run on. A target that OpenCV does not support is an error; auto "
             "chooses one that is available",
             targetType(), 0, atStart);
     },
     [](Settings& s, const GValue* v) { s.target = nickOf(v); },
     [](const Settings& s, GValue* v) { setNick(v, s.target); }},
    {PROP_THREADS,
     [] {
         return g_param_spec_int("threads", "Threads",
                                 "Number of OpenCV's threads in the whole process, shared by all elements. "
                                 "0: do not change OpenCV's setting, by default one per core",
                                 0, maxThreads, 0, atStart);
     },
     [](Settings& s, const GValue* v) { s.threads = g_value_get_int(v); },
     [](const Settings& s, GValue* v) { g_value_set_int(v, s.threads); }},
    {PROP_STATS,
     [] {
         return g_param_spec_boxed(
             "stats", "Statistics",
             "Since the start: number of frames, skipped frames (too late for inference), faces (summed "
             "over the frames), tracks and encodes; median and 99th percentile of the milliseconds per "
             "frame in each stage, of the newest thousand values",
             GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
     },
     nullptr, nullptr},
};

const Entry* settingOf(guint id) {
    const auto* const found = std::find_if(std::begin(entries), std::end(entries),
                                           [id](const Entry& e) { return e.id == id && e.set != nullptr; });
    return found == std::end(entries) ? nullptr : found;
}

}  // namespace

Settings::Settings() : mqttQueue(defaultMqttQueue), roiType(defaultRoiType) {
    core.detectInterval = defaultDetectInterval;
    core.encodeInterval = defaultEncodeInterval * drgan::millisecond;
    core.refreshInterval = defaultRefreshInterval * drgan::millisecond;
    core.trackTimeout = defaultTrackTimeout * drgan::millisecond;
    core.detectSize = defaultDetectSize;
    core.maxFaces = defaultMaxFaces;
    core.minFaceSize = defaultMinFaceSize;
    core.updateThreshold = defaultUpdateThreshold;
    core.strangerRate = defaultStrangerRate;
}

bool setProperty(Settings& settings, guint id, const GValue* value) {
    const Entry* const entry = settingOf(id);
    if (entry != nullptr) {
        entry->set(settings, value);
    }
    return entry != nullptr;
}

bool getProperty(const Settings& settings, guint id, GValue* value) {
    const Entry* const entry = settingOf(id);
    if (entry != nullptr) {
        entry->get(settings, value);
    }
    return entry != nullptr;
}

std::string sourceOf(const Settings& settings, GstElement* element) {
    if (!settings.source.empty()) {
        return settings.source;
    }
    gchar* const name = gst_element_get_name(element);
    std::string out = name;
    g_free(name);
    return out;
}

void installProperties(GObjectClass* klass) {
    for (const Entry& entry : entries) {
        g_object_class_install_property(klass, entry.id, entry.spec());
    }
}

}  // namespace drgan

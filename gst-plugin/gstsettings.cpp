// SPDX-License-Identifier: Apache-2.0
#include "gstsettings.h"

namespace drgan {
namespace {

// Five frames are 0.2 s at 25 a second, in which a head moves less than its own width: the next look finds it again.
constexpr int defaultDetectInterval = 5;
constexpr guint defaultEncodeInterval = 200;
constexpr guint defaultRefreshInterval = 2000;
constexpr guint defaultTrackTimeout = 2000;
constexpr int defaultMaxFaces = 16;
constexpr int defaultMinFaceSize = 24;
constexpr double defaultUpdateThreshold = 0.5;
constexpr double defaultStrangerRate = 0.01;
constexpr double leastStrangerRate = 1e-6;
constexpr double mostStrangerRate = 0.5;
constexpr const char* defaultRoiType = "face";
constexpr int maxThreads = 256;

GType backendType() {
    static const GEnumValue values[] = {
        {static_cast<gint>(Backend::automatic), "CUDA where OpenCV has it, else OpenCV's own", "auto"},
        {static_cast<gint>(Backend::opencv), "OpenCV's own", "opencv"},
        {static_cast<gint>(Backend::cuda), "CUDA", "cuda"},
        {0, nullptr, nullptr}};
    static const GType type = g_enum_register_static("GstDrganFrontalizeBackend", values);
    return type;
}

GType targetType() {
    static const GEnumValue values[] = {
        {static_cast<gint>(Target::automatic), "CUDA where OpenCV has it, else the CPU", "auto"},
        {static_cast<gint>(Target::cpu), "Processor", "cpu"},
        {static_cast<gint>(Target::opencl), "OpenCL device", "opencl"},
        {static_cast<gint>(Target::cuda), "NVIDIA GPU", "cuda"},
        {static_cast<gint>(Target::cudaFp16), "NVIDIA GPU, 16-bit numbers", "cuda-fp16"},
        {0, nullptr, nullptr}};
    static const GType type = g_enum_register_static("GstDrganFrontalizeTarget", values);
    return type;
}

}  // namespace

Settings::Settings() : roiType(defaultRoiType) {
    core.detectInterval = defaultDetectInterval;
    core.encodeInterval = defaultEncodeInterval * drgan::millisecond;
    core.refreshInterval = defaultRefreshInterval * drgan::millisecond;
    core.trackTimeout = defaultTrackTimeout * drgan::millisecond;
    core.maxFaces = defaultMaxFaces;
    core.minFaceSize = defaultMinFaceSize;
    core.updateThreshold = defaultUpdateThreshold;
    core.strangerRate = defaultStrangerRate;
}

bool setProperty(Settings& s, guint id, const GValue* value) {
    const auto text = [&] {
        const gchar* t = g_value_get_string(value);
        return std::string(t != nullptr ? t : "");
    };
    const auto milliseconds = [&] { return static_cast<Time>(g_value_get_uint(value)) * millisecond; };
    switch (id) {
        case PROP_BUNDLE:
            s.bundle = text();
            break;
        case PROP_DETECTOR:
            s.detector = text();
            break;
        case PROP_GALLERY:
            s.gallery = text();
            break;
        case PROP_DETECT_INTERVAL:
            s.core.detectInterval = g_value_get_int(value);
            break;
        case PROP_ENCODE_INTERVAL:
            s.core.encodeInterval = milliseconds();
            break;
        case PROP_REFRESH_INTERVAL:
            s.core.refreshInterval = milliseconds();
            break;
        case PROP_ROI_TYPE:
            s.roiType = text().empty() ? defaultRoiType : text();
            break;
        case PROP_RESULTS_LOCATION:
            s.resultsLocation = text();
            break;
        case PROP_DISPLAY:
            s.display = g_value_get_boolean(value) != FALSE;
            break;
        case PROP_EMBEDDINGS:
            s.embeddings = g_value_get_boolean(value) != FALSE;
            break;
        case PROP_PICTURES:
            s.pictures = g_value_get_boolean(value) != FALSE;
            break;
        case PROP_YAW:
            s.core.yaw = static_cast<float>(g_value_get_double(value));
            break;
        case PROP_MAX_FACES:
            s.core.maxFaces = g_value_get_int(value);
            break;
        case PROP_MIN_FACE_SIZE:
            s.core.minFaceSize = static_cast<float>(g_value_get_int(value));
            break;
        case PROP_TRACK_TIMEOUT:
            s.core.trackTimeout = milliseconds();
            break;
        case PROP_FACE_SIZE:
            s.faceSize = g_value_get_int(value);
            break;
        case PROP_UPDATE_THRESHOLD:
            s.core.updateThreshold = g_value_get_double(value);
            break;
        case PROP_MATCH_THRESHOLD:
            s.core.matchThreshold = g_value_get_double(value);
            break;
        case PROP_STRANGER_RATE:
            s.core.strangerRate = g_value_get_double(value);
            break;
        case PROP_BACKEND:
            s.backend = static_cast<Backend>(g_value_get_enum(value));
            break;
        case PROP_TARGET:
            s.target = static_cast<Target>(g_value_get_enum(value));
            break;
        case PROP_THREADS:
            s.threads = g_value_get_int(value);
            break;
        default:
            return false;
    }
    return true;
}

bool getProperty(const Settings& s, guint id, GValue* value) {
    const auto milliseconds = [&](Time t) { g_value_set_uint(value, static_cast<guint>(t / millisecond)); };
    const auto text = [&](const std::string& t) { g_value_set_string(value, t.empty() ? nullptr : t.c_str()); };
    switch (id) {
        case PROP_BUNDLE:
            text(s.bundle);
            break;
        case PROP_DETECTOR:
            text(s.detector);
            break;
        case PROP_GALLERY:
            text(s.gallery);
            break;
        case PROP_DETECT_INTERVAL:
            g_value_set_int(value, s.core.detectInterval);
            break;
        case PROP_ENCODE_INTERVAL:
            milliseconds(s.core.encodeInterval);
            break;
        case PROP_REFRESH_INTERVAL:
            milliseconds(s.core.refreshInterval);
            break;
        case PROP_ROI_TYPE:
            text(s.roiType);
            break;
        case PROP_RESULTS_LOCATION:
            text(s.resultsLocation);
            break;
        case PROP_DISPLAY:
            g_value_set_boolean(value, s.display);
            break;
        case PROP_EMBEDDINGS:
            g_value_set_boolean(value, s.embeddings);
            break;
        case PROP_PICTURES:
            g_value_set_boolean(value, s.pictures);
            break;
        case PROP_YAW:
            g_value_set_double(value, s.core.yaw);
            break;
        case PROP_MAX_FACES:
            g_value_set_int(value, s.core.maxFaces);
            break;
        case PROP_MIN_FACE_SIZE:
            g_value_set_int(value, static_cast<gint>(s.core.minFaceSize));
            break;
        case PROP_TRACK_TIMEOUT:
            milliseconds(s.core.trackTimeout);
            break;
        case PROP_FACE_SIZE:
            g_value_set_int(value, s.faceSize);
            break;
        case PROP_UPDATE_THRESHOLD:
            g_value_set_double(value, s.core.updateThreshold);
            break;
        case PROP_MATCH_THRESHOLD:
            g_value_set_double(value, s.core.matchThreshold);
            break;
        case PROP_STRANGER_RATE:
            g_value_set_double(value, s.core.strangerRate);
            break;
        case PROP_BACKEND:
            g_value_set_enum(value, static_cast<gint>(s.backend));
            break;
        case PROP_TARGET:
            g_value_set_enum(value, static_cast<gint>(s.target));
            break;
        case PROP_THREADS:
            g_value_set_int(value, s.threads);
            break;
        default:
            return false;
    }
    return true;
}

void installProperties(GObjectClass* klass) {
    constexpr auto anytime =
        static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
    constexpr auto atStart =
        static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
    const auto install = [&](guint id, GParamSpec* spec) { g_object_class_install_property(klass, id, spec); };
    install(PROP_BUNDLE,
            g_param_spec_string("bundle", "Bundle",
                                "Folder of the model bundle; unset: the environment variable DRGAN_BUNDLE, "
                                "else the default bundle where it was installed",
                                nullptr, atStart));
    install(PROP_DETECTOR, g_param_spec_string("detector", "Detector",
                                               "YuNet model file for cv::FaceDetectorYN; unset: the bundle's detector",
                                               nullptr, atStart));
    install(PROP_GALLERY,
            g_param_spec_string(
                "gallery", "Gallery",
                "Gallery file of named people, as written by drgan-enroll with the same bundle. A face gets the "
                "name of the matching person; see stranger-rate for false matches. Unset: no names",
                nullptr, atStart));
    install(PROP_DETECT_INTERVAL,
            g_param_spec_int(
                "detect-interval", "Detect interval",
                "Number of frames between two face detections. The detector also runs as soon as a track is missed; "
                "if the bundle has an aligner, which tracks faces between detections, also every fifth frame while "
                "there are no tracks or a face was lost within the last second. 0: never detect, use faces from "
                "upstream metadata only",
                0, G_MAXINT, defaultDetectInterval, anytime));
    install(PROP_ENCODE_INTERVAL, g_param_spec_uint("encode-interval", "Encode interval",
                                                    "Minimum time between two encodings of a track, in milliseconds", 0,
                                                    G_MAXUINT, defaultEncodeInterval, anytime));
    install(PROP_REFRESH_INTERVAL,
            g_param_spec_uint("refresh-interval", "Refresh interval",
                              "Time after which a track is encoded again even if the picture shows nothing new, in "
                              "milliseconds",
                              0, G_MAXUINT, defaultRefreshInterval, anytime));
    install(PROP_ROI_TYPE,
            g_param_spec_string("roi-type", "ROI type",
                                "roi_type of the upstream regions of interest that are faces, and of the "
                                "regions that this element adds",
                                defaultRoiType, anytime));
    install(PROP_RESULTS_LOCATION,
            g_param_spec_string("results-location", "Results location",
                                "File, emptied at the start, or named pipe that gets each message as a line of JSON, "
                                "without pictures; - is standard output; unset: none",
                                nullptr, atStart));
    install(PROP_DISPLAY,
            g_param_spec_boolean("display", "Display",
                                 "Draw box, id, name with its similarity (cosine), yaw (degrees), the newest "
                                 "picture's confidence as a bar, and frontal view; false leaves every "
                                 "pixel as it is",
                                 TRUE, anytime));
    install(PROP_EMBEDDINGS,
            g_param_spec_boolean(
                "embeddings", "Embeddings",
                "Put the fused embedding, which is biometric data, on the metadata, in the messages and in "
                "the results",
                FALSE, anytime));
    install(PROP_PICTURES, g_param_spec_boolean("pictures", "Pictures",
                                                "Put the aligned face and its frontal view as GstSample (RGB) in the "
                                                "messages",
                                                FALSE, anytime));
    install(PROP_YAW, g_param_spec_double(
                          "yaw", "Yaw",
                          "Yaw of the view that is drawn, in degrees; positive turns the nose to the image's right. "
                          "The nearest that the model draws is taken",
                          -90, 90, 0, static_cast<GParamFlags>(anytime | GST_PARAM_CONTROLLABLE)));
    install(PROP_MAX_FACES, g_param_spec_int("max-faces", "Max faces",
                                             "Maximum number of faces that are tracked at a time, the largest first", 1,
                                             256, defaultMaxFaces, anytime));
    install(PROP_MIN_FACE_SIZE,
            g_param_spec_int("min-face-size", "Min face size",
                             "Minimum size of a face: longer side of its box, in pixels of the frame", 1, G_MAXINT,
                             defaultMinFaceSize, anytime));
    install(PROP_TRACK_TIMEOUT,
            g_param_spec_uint("track-timeout", "Track timeout",
                              "Time after which a face that is not seen is lost, in milliseconds; until then it is "
                              "recognised when it comes back",
                              1, G_MAXUINT, defaultTrackTimeout, anytime));
    install(PROP_UPDATE_THRESHOLD,
            g_param_spec_double("update-threshold", "Update threshold",
                                "Growth of a track's total confidence (each picture adds 0 to 1) after which it is "
                                "decoded and reported again; a new name is reported at once",
                                0, G_MAXDOUBLE, defaultUpdateThreshold, anytime));
    install(PROP_FACE_SIZE,
            g_param_spec_int("face-size", "Face size",
                             "Width and height of the pictures that leave by the pad \"faces\", in pixels; 0: as the "
                             "model draws them",
                             0, 4096, 0, anytime));
    install(PROP_MATCH_THRESHOLD,
            g_param_spec_double(
                "match-threshold", "Match threshold",
                "Minimum cosine similarity of two embeddings of one person: used to restore the id of a face "
                "that comes back, and to name faces from the gallery. -1: the bundle's threshold for ids, "
                "and the one that stranger-rate implies for names",
                -1, 1, -1, anytime));
    install(
        PROP_STRANGER_RATE,
        g_param_spec_double("stranger-rate", "Stranger rate",
                            "Probability that a face whose person is not in the gallery gets a name: the similarity "
                            "that a name requires grows with the number of people. Ignored if match-threshold is "
                            "set or the bundle has no thresholds",
                            leastStrangerRate, mostStrangerRate, defaultStrangerRate, anytime));
    install(PROP_BACKEND, g_param_spec_enum("backend", "Backend", "Backend that runs the networks", backendType(),
                                            static_cast<gint>(Backend::automatic), atStart));
    install(
        PROP_TARGET,
        g_param_spec_enum("target", "Target",
                          "Device that the networks run on. A target that OpenCV was built without is an error; auto "
                          "takes one that is available",
                          targetType(), static_cast<gint>(Target::automatic), atStart));
    install(PROP_THREADS,
            g_param_spec_int("threads", "Threads",
                             "Number of OpenCV's threads, for the whole process: all elements share one pool. "
                             "0: leave OpenCV's setting as it is, by default one per core",
                             0, maxThreads, 0, atStart));
    install(PROP_STATS, g_param_spec_boxed(
                            "stats", "Statistics",
                            "Since the start: frames; skipped (of them, too late for inference); faces (seen, summed "
                            "over the frames); tracks; encodes; and of the milliseconds a frame spends in each stage, "
                            "over the newest thousand, median and 99th percentile",
                            GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace drgan

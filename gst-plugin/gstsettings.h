// SPDX-License-Identifier: Apache-2.0
//
// The element's properties and their values.
#ifndef GST_DRGAN_SETTINGS_H
#define GST_DRGAN_SETTINGS_H

#include <gst/gst.h>

#include <string>

#include "core/people/visitors.hpp"
#include "core/pipeline.hpp"
#include "mqtt/mqtt_broker.hpp"

namespace drgan {

enum Property : guint {
    PROP_0,
    PROP_BUNDLE,
    PROP_DETECTOR,
    PROP_DETECT_INTERVAL,
    PROP_DETECT_SIZE,
    PROP_ENCODE_INTERVAL,
    PROP_REFRESH_INTERVAL,
    PROP_ROI_TYPE,
    PROP_RESULTS_LOCATION,
    PROP_DISPLAY,
    PROP_EMBEDDINGS,
    PROP_PICTURES,
    PROP_YAW,
    PROP_MAX_FACES,
    PROP_MIN_FACE_SIZE,
    PROP_TRACK_TIMEOUT,
    PROP_UPDATE_THRESHOLD,
    PROP_FACE_SIZE,
    PROP_MATCH_THRESHOLD,
    PROP_STRANGER_RATE,
    PROP_BACKEND,
    PROP_TARGET,
    PROP_THREADS,
    PROP_GALLERY,
    PROP_SOURCE,
    PROP_MQTT_ADDRESS,
    PROP_MQTT_CREDENTIALS,
    PROP_MQTT_CA,
    PROP_MQTT_CERTIFICATE,
    PROP_MQTT_KEY,
    PROP_MQTT_QUEUE,
    PROP_METRICS_LOCATION,
    PROP_VISITORS,
    PROP_VISITORS_DAYS,
    PROP_VISITORS_LIMIT,
    PROP_STATS,  ///< read-only, not in Settings
};

/// Values of the properties, by default the default values.
struct Settings {
    Settings();

    std::string bundle;    ///< folder; empty: cv::drgan::Bundle's default
    std::string detector;  ///< YuNet file; empty: the bundle's detector
    std::string gallery;   ///< file; empty: no names
    std::string visitors;  ///< file; empty: visitors are not recognised
    Visitors::Limits visitorLimits;
    std::string resultsLocation;  ///< empty: no file
    MqttSettings mqtt;            ///< an empty address: no broker
    int mqttQueue;                ///< messages that may wait for the broker
    std::string metricsLocation;  ///< empty: no file
    std::string roiType;
    std::string source;            ///< empty: the element's name
    int faceSize = 0;              ///< pixels, of the pictures on the pad "faces"; 0: the decoder's size
    std::string backend = "auto";  ///< this and target: see devicesToTry()
    std::string target = "auto";
    int threads = 0;  ///< 0: OpenCV's setting
    bool display = true;
    bool embeddings = false;
    bool pictures = false;
    Pipeline::Options core;
};

void installProperties(GObjectClass* klass);

/// @return false if there is no such property
bool setProperty(Settings& settings, guint id, const GValue* value);
bool getProperty(const Settings& settings, guint id, GValue* value);

/// The name of the stream: that of the settings, else the element's.
std::string sourceOf(const Settings& settings, GstElement* element);

}  // namespace drgan

#endif

// SPDX-License-Identifier: Apache-2.0
//
// The element's properties: what they are called, what they may be, and where their values lie.
#ifndef GST_DRGAN_SETTINGS_H
#define GST_DRGAN_SETTINGS_H

#include <gst/gst.h>

#include <string>

#include "core/pipeline.hpp"

namespace drgan {

/// Values of the properties; a new one has the defaults.
struct Settings {
    Settings();

    std::string bundle;           ///< folder; empty: cv::drgan::Bundle's default
    std::string detector;         ///< YuNet file; empty: the bundle's detector
    std::string resultsLocation;  ///< empty: no file
    std::string roiType;
    bool display = true;
    bool embeddings = false;
    bool pictures = false;
    Pipeline::Options core;
};

void installProperties(GObjectClass* klass);

/// @return false if there is no such property
bool setProperty(Settings& settings, guint id, const GValue* value);
bool getProperty(const Settings& settings, guint id, GValue* value);

}  // namespace drgan

#endif

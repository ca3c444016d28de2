// SPDX-License-Identifier: Apache-2.0
#include "player.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

namespace drgan::people {
namespace {

bool isDrgan(GstElement* element) {
    const GstElementFactory* factory = gst_element_get_factory(element);
    return factory != nullptr && g_str_equal(GST_OBJECT_NAME(factory), "drganfrontalize") != FALSE;
}

/// All drganfrontalize of a pipeline; the caller has a reference to each.
std::vector<GstElement*> findElements(GstElement* pipeline) {
    std::vector<GstElement*> found;
    if (!GST_IS_BIN(pipeline)) {
        return found;
    }
    GstIterator* all = gst_bin_iterate_recurse(GST_BIN(pipeline));
    GValue item = G_VALUE_INIT;
    while (gst_iterator_next(all, &item) == GST_ITERATOR_OK) {  // nothing changes before it plays
        auto* element = GST_ELEMENT(g_value_get_object(&item));
        if (isDrgan(element)) {
            found.push_back(GST_ELEMENT(gst_object_ref(element)));
        }
        g_value_unset(&item);
    }
    gst_iterator_free(all);
    return found;
}

GstElement* parse(const std::vector<std::string>& words) {
    std::vector<const gchar*> argv;
    for (const std::string& word : words) {
        argv.push_back(word.c_str());
    }
    argv.push_back(nullptr);
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launchv(argv.data(), &error);
    if (error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline);
        throw std::runtime_error("GStreamer cannot create the pipeline: " + why);
    }
    return pipeline;
}

/// A text property of the element.
std::string readText(GstElement* element, const char* property) {
    gchar* text = nullptr;
    g_object_get(element, property, &text, nullptr);
    const std::unique_ptr<gchar, decltype(&g_free)> owner(text, g_free);
    return text == nullptr ? "" : text;
}

template <typename... Arguments>
bool emit(GstElement* element, const char* signal, Arguments... arguments) {
    gboolean done = FALSE;
    g_signal_emit_by_name(element, signal, arguments..., &done);
    return done != FALSE;
}

}  // namespace

Player::Player(const std::vector<std::string>& words, Callbacks callbacks)
    : callbacks_(std::move(callbacks)), pipeline_(parse(words)) {
    const std::vector<GstElement*> found = findElements(pipeline_);
    if (found.size() != 1) {
        for (GstElement* element : found) {
            gst_object_unref(element);
        }
        gst_object_unref(pipeline_);
        throw std::runtime_error("the pipeline has " + std::to_string(found.size()) +
                                 " elements drganfrontalize, expected one");
    }
    element_ = found.front();
    GstBus* bus = gst_element_get_bus(pipeline_);
    watch_ = gst_bus_add_watch(bus, onMessage, this);
    gst_object_unref(bus);
}

Player::~Player() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    g_source_remove(watch_);
    gst_object_unref(element_);
    gst_object_unref(pipeline_);
}

std::string Player::bundle() const { return readText(element_, "bundle"); }

std::string Player::source() const {
    const std::string set = readText(element_, "source");
    return set.empty() ? GST_OBJECT_NAME(element_) : set;
}

void Player::play(const std::string& gallery) {
    g_object_set(element_, "gallery", gallery.c_str(), "pictures", TRUE, nullptr);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

gboolean Player::onMessage(GstBus*, GstMessage* message, gpointer self) {
    auto* player = static_cast<Player*>(self);
    try {
        player->take(message);
    } catch (const std::exception& error) {
        player->callbacks_.error(error.what());
    }
    return G_SOURCE_CONTINUE;
}

void Player::take(GstMessage* message) {
    GError* problem = nullptr;
    switch (GST_MESSAGE_TYPE(message)) {
        case GST_MESSAGE_EOS:
            callbacks_.ended();
            return;
        case GST_MESSAGE_ERROR:
            gst_message_parse_error(message, &problem, nullptr);
            break;
        case GST_MESSAGE_WARNING:
            gst_message_parse_warning(message, &problem, nullptr);
            break;
        default:
            if (const auto result = examples::readResult(message)) {
                callbacks_.result(*result);
            }
            return;
    }
    const std::string why = std::string(GST_OBJECT_NAME(GST_MESSAGE_SRC(message))) + ": " + problem->message;
    g_error_free(problem);
    (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR ? callbacks_.error : callbacks_.warning)(why);
}

bool Player::enroll(unsigned track, const std::string& name) {
    return emit(element_, "enroll", static_cast<gint>(track), name.c_str());
}

bool Player::renamePerson(const std::string& name, const std::string& to) {
    return emit(element_, "rename-person", name.c_str(), to.c_str());
}

bool Player::mergePeople(const std::string& name, const std::string& into) {
    return emit(element_, "merge-people", name.c_str(), into.c_str());
}

bool Player::removePerson(const std::string& name) { return emit(element_, "remove-person", name.c_str()); }

bool Player::saveGallery() { return emit(element_, "save-gallery"); }

void Player::forget(unsigned track) {
    guint forgotten = 0;
    g_signal_emit_by_name(element_, "forget", static_cast<gint>(track), &forgotten);
}

}  // namespace drgan::people

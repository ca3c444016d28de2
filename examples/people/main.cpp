// SPDX-License-Identifier: Apache-2.0
//
// A page on which a user names the people whom a camera sees.

#include <glib-unix.h>
#include <gst/gst.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <opencv2/core/utils/logger.hpp>
#include <string>
#include <vector>

#include "../video_source.hpp"
#include "api.hpp"
#include "page.hpp"
#include "people_file.hpp"
#include "player.hpp"
#include "server.hpp"

namespace {

using namespace drgan::people;

struct Arguments {
    Server::Options server;
    std::string gallery;
    std::vector<std::string> source;
};

void define(CLI::App& app, Arguments& a) {
    app.add_option("--gallery", a.gallery, "gallery of the people; created if there is no such file")->required();
    app.add_option("--address", a.server.address, "IP address to listen on")->capture_default_str();
    app.add_option("--port", a.server.port, "port to listen on; 0: a free one")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    app.add_option("--host", a.server.hosts,
                   "name by which browsers reach the page, for example through a proxy; localhost and IP addresses "
                   "need none")
        ->allow_extra_args(false);
    app.add_option("SOURCE", a.source,
                   "video file, URI (rtsp, http) or camera (/dev/video0); or, as several words after --, a pipeline as "
                   "for gst-launch-1.0 with one drganfrontalize")
        ->required();
}

std::vector<std::string> pipelineOf(const std::vector<std::string>& source) {
    if (source.size() > 1) {
        return source;
    }
    std::vector<std::string> words = drgan::examples::describeSource(source.front());
    const std::string sync = drgan::examples::isLive(source.front()) ? "sync=false" : "sync=true";
    words.insert(words.end(), {"!", "drganfrontalize", "display=false", "!", "fakesink", sync});
    return words;
}

gboolean onSignal(gpointer loop) {
    g_main_loop_quit(static_cast<GMainLoop*>(loop));
    return G_SOURCE_CONTINUE;
}

/// Plays and serves until a signal or an error. @throws std::exception with the error
void run(const Arguments& arguments) {
    const std::unique_ptr<GMainLoop, decltype(&g_main_loop_unref)> loop(g_main_loop_new(nullptr, FALSE),
                                                                        g_main_loop_unref);
    std::unique_ptr<Api> api;
    std::string failure;
    Player player(pipelineOf(arguments.source), {[&](const auto& result) { api->take(result); },
                                                 [&](const std::string& why) {
                                                     std::fprintf(stderr, "drgan-people: %s\n", why.c_str());
                                                     api->warn(why);
                                                 },
                                                 [&] { api->end(); },
                                                 [&](const std::string& why) {
                                                     failure = why;
                                                     g_main_loop_quit(loop.get());
                                                 }});
    PeopleFile file(arguments.gallery, player.bundle());
    api = std::make_unique<Api>(player, file);
    const Server server(arguments.server, page(), [&](const Request& request) { return api->answer(request); });
    player.play(arguments.gallery);
    std::printf("%s\n", server.address().c_str());
    std::fflush(stdout);
    const guint interrupt = g_unix_signal_add(SIGINT, onSignal, loop.get());
    const guint terminate = g_unix_signal_add(SIGTERM, onSignal, loop.get());
    g_main_loop_run(loop.get());
    g_source_remove(interrupt);
    g_source_remove(terminate);
    if (!failure.empty()) {
        throw std::runtime_error(failure);
    }
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    arguments.server.port = 8780;
    CLI::App app("Serves a page on which the people whom a camera sees are named. Prints its address.");
    define(app, arguments);
    CLI11_PARSE(app, argc, argv);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);
    gst_init(nullptr, nullptr);
    try {
        run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "drgan-people: %s\n", error.what());
        return 1;
    }
    return 0;
}

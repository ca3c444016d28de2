// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_SERVER_HPP
#define DRGAN_EXAMPLES_PEOPLE_SERVER_HPP

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "access.hpp"

typedef struct _SoupServer SoupServer;
typedef struct _SoupServerMessage SoupServerMessage;

namespace drgan::people {

struct Request {
    std::string method;
    std::string path;
    std::map<std::string, std::string> query;
    std::string body;
};

struct Reply {
    unsigned status = 200;
    std::string type;  ///< the header Content-Type
    std::string body;
};

/// An HTTP server in GLib's default main loop. It serves the page at /, to whoever has the token, and asks the handler
/// for everything else.
class Server {
public:
    using Handler = std::function<Reply(const Request&)>;

    static constexpr size_t longestBody = 65536;  ///< bytes of a request

    struct Options {
        std::string address = "127.0.0.1";  ///< IP address to listen on
        unsigned port = 0;                  ///< 0: a free one
        std::vector<std::string> hosts;     ///< see Access
    };

    /// @param page HTML with one <script> and one <style>
    /// @param handler an exception of it is answered with 500 and its text
    /// @throws std::runtime_error if it cannot listen there
    Server(const Options& options, std::string page, Handler handler);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Where the page is, with the token.
    std::string address() const;

private:
    void screen(SoupServerMessage* message);
    void answer(SoupServerMessage* message, const char* path);
    void listen(const Options& options);

    std::string page_;
    std::string policy_;
    Handler handler_;
    std::string token_ = newToken();
    std::string root_;  // "http://HOST:PORT/"
    std::unique_ptr<Access> access_;
    SoupServer* server_ = nullptr;
};

}  // namespace drgan::people

#endif

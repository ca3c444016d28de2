// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <libsoup/soup.h>

#include <stdexcept>
#include <utility>

namespace drgan::people {
namespace {

using Query = std::map<std::string, std::string>;

Query queryOf(SoupServerMessage* message) {
    Query query;
    const char* text = g_uri_get_query(soup_server_message_get_uri(message));
    if (text != nullptr) {
        const std::unique_ptr<GHashTable, decltype(&g_hash_table_unref)> fields(soup_form_decode(text),
                                                                                g_hash_table_unref);
        GHashTableIter iterator;
        gpointer key = nullptr;
        gpointer value = nullptr;
        g_hash_table_iter_init(&iterator, fields.get());
        while (g_hash_table_iter_next(&iterator, &key, &value) != FALSE) {
            query[static_cast<const char*>(key)] = static_cast<const char*>(value);
        }
    }
    return query;
}

std::string header(SoupServerMessage* message, const char* name) {
    const char* value = soup_message_headers_get_one(soup_server_message_get_request_headers(message), name);
    return value == nullptr ? "" : value;
}

void set(SoupServerMessage* message, const char* name, const std::string& value) {
    soup_message_headers_replace(soup_server_message_get_response_headers(message), name, value.c_str());
}

void send(SoupServerMessage* message, const Reply& reply) {
    soup_server_message_set_status(message, reply.status, nullptr);
    if (!reply.type.empty()) {
        soup_server_message_set_response(message, reply.type.c_str(), SOUP_MEMORY_COPY, reply.body.data(),
                                         reply.body.size());
    }
}

void refuse(SoupServerMessage* message, unsigned status, const std::string& why) {
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    send(message, {status, "text/plain; charset=utf-8", why + "\n"});
}

}  // namespace

Server::Server(const Options& options, std::string page, Handler handler)
    : page_(std::move(page)), policy_(contentSecurityPolicy(page_)), handler_(std::move(handler)) {
    server_ = soup_server_new(nullptr, nullptr);
    try {
        listen(options);
    } catch (const std::exception&) {
        g_object_unref(server_);
        throw;
    }
    // Early handlers are called before the body is read.
    soup_server_add_early_handler(
        server_, nullptr,
        [](SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer self) {
            static_cast<Server*>(self)->screen(message);
        },
        this, nullptr);
    soup_server_add_handler(
        server_, nullptr,
        [](SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer self) {
            static_cast<Server*>(self)->answer(message, path);
        },
        this, nullptr);
}

Server::~Server() {
    soup_server_disconnect(server_);
    g_object_unref(server_);
}

void Server::listen(const Options& options) {
    const std::unique_ptr<GSocketAddress, decltype(&g_object_unref)> where(
        g_inet_socket_address_new_from_string(options.address.c_str(), options.port), g_object_unref);
    if (!where) {
        throw std::runtime_error("\"" + options.address + "\" is not an IP address");
    }
    GError* error = nullptr;
    if (soup_server_listen(server_, where.get(), static_cast<SoupServerListenOptions>(0), &error) == FALSE) {
        const std::string why = error->message;
        g_error_free(error);
        throw std::runtime_error("cannot listen on " + options.address + ", port " + std::to_string(options.port) +
                                 ": " + why);
    }
    GSList* uris = soup_server_get_uris(server_);
    auto* uri = static_cast<GUri*>(uris->data);
    const std::unique_ptr<char, decltype(&g_free)> text(g_uri_to_string(uri), g_free);
    root_ = text.get();
    const std::string port = std::to_string(g_uri_get_port(uri));
    g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
    access_ = std::make_unique<Access>(token_, "drgan-people-" + port, options.hosts);
}

std::string Server::address() const { return root_ + "?token=" + token_; }

void Server::screen(SoupServerMessage* message) {
    set(message, "Content-Security-Policy", policy_);
    set(message, "X-Content-Type-Options", "nosniff");
    set(message, "Referrer-Policy", "no-referrer");
    set(message, "Cross-Origin-Resource-Policy", "same-origin");
    set(message, "Cache-Control", "no-store");  // pictures of faces do not belong on a disk

    SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
    Query query = queryOf(message);
    const std::string refusal =
        access_->refusal({soup_server_message_get_method(message), header(message, "Host"), header(message, "Origin"),
                          header(message, "Cookie"), header(message, "Authorization"), query["token"]});
    if (!refusal.empty()) {
        refuse(message, SOUP_STATUS_FORBIDDEN, refusal);
    } else if (soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED) {
        refuse(message, SOUP_STATUS_LENGTH_REQUIRED, "the request has no Content-Length");
    } else if (soup_message_headers_get_content_length(headers) > static_cast<goffset>(longestBody)) {
        refuse(message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
               "the request is too long, expected at most " + std::to_string(longestBody) + " bytes");
    }
}

void Server::answer(SoupServerMessage* message, const char* path) {
    Request request{soup_server_message_get_method(message), path, queryOf(message), {}};
    if (request.path == "/") {
        if (request.method != "GET" && request.method != "HEAD") {
            send(message, {SOUP_STATUS_METHOD_NOT_ALLOWED, "", ""});
            return;
        }
        set(message, "Set-Cookie", access_->setCookie());
        send(message, {SOUP_STATUS_OK, "text/html; charset=utf-8", page_});
        return;
    }
    const SoupMessageBody* body = soup_server_message_get_request_body(message);
    if (body->data != nullptr) {
        request.body.assign(body->data, static_cast<size_t>(body->length));
    }
    try {
        send(message, handler_(request));
    } catch (const std::exception& error) {
        send(message, {SOUP_STATUS_INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", error.what()});
    }
}

}  // namespace drgan::people

// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "binding.hpp"

namespace drgan_python {

namespace {

const std::map<std::string, const char*> comments = {
#include "docs.inc"
};

// Never released, because exceptions are translated as long as the interpreter exists.
PyObject* errorType = nullptr;
PyObject* argumentErrorType = nullptr;

void raise(const cv::Exception& error) {
    const py::object instance = py::reinterpret_borrow<py::object>(errorType)(error.what());
    instance.attr("code") = static_cast<int>(error.code);  // an enumeration in OpenCV 5
    instance.attr("err") = error.err;
    instance.attr("func") = error.func;
    instance.attr("file") = error.file;
    instance.attr("line") = error.line;
    instance.attr("msg") = error.msg;
    PyErr_SetObject(errorType, instance.ptr());
}

void translate(std::exception_ptr pointer) {
    try {
        if (pointer) {
            std::rethrow_exception(pointer);
        }
    } catch (const cv::Exception& error) {
        raise(error);
    } catch (const ArgumentError& error) {
        PyErr_SetString(argumentErrorType, error.what());
    }
}

PyObject* makeType(py::module_& module, const char* name, const char* doc, const py::object& bases) {
    PyObject* type = PyErr_NewExceptionWithDoc((std::string("drgan.") + name).c_str(), doc, bases.ptr(), nullptr);
    if (type == nullptr) {
        throw py::error_already_set();
    }
    module.attr(name) = py::handle(type);
    return type;
}

}  // namespace

std::string documented(const std::string& name, const std::string& signature) {
    const auto found = comments.find(name);
    if (found == comments.end()) {
        throw std::logic_error(name + ": not found in the headers");
    }
    const std::string text = found->second;
    return signature + (signature.empty() || text.empty() ? "" : "\n\n") + text;
}

void defineErrors(py::module_& module) {
    // cv2's class if there is a cv2, so that "except cv2.error" works.
    try {
        errorType = py::module_::import("cv2").attr("error").cast<py::object>().release().ptr();
        module.attr("error") = py::handle(errorType);
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_ImportError)) {
            throw;
        }
        errorType =
            makeType(module, "error", "What cv::drgan found wrong.", py::handle(PyExc_Exception).cast<py::object>());
    }
    argumentErrorType = makeType(module, "ArgumentError", "An argument of a kind that the function does not take.",
                                 py::make_tuple(py::handle(errorType), py::handle(PyExc_TypeError)));
    py::register_local_exception_translator(&translate);
}

}  // namespace drgan_python

PYBIND11_MODULE(_drgan, module) {
    using namespace drgan_python;
    py::options options;
    options.disable_function_signatures();

    // Makes messages and help() show the package's name.
    const py::object own_name = module.attr("__name__");
    module.attr("__name__") = "drgan";
    defineErrors(module);
    defineNaming(module);
    defineValues(module);
    defineBackends(module);
    defineEncoder(module);
    defineDecoder(module);
    defineFinders(module);
    defineGallery(module);
    module.attr("__name__") = own_name;
    module.attr("__version__") = DRGAN_VERSION;
}

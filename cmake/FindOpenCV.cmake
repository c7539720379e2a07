# Finds the asked components of OpenCV: targets opencv_core, opencv_imgproc, ..., and OpenCV_LIBS.
#
# OpenCV's own package file comes first. Debian and Ubuntu ship it only in libopencv-dev, which is
# 1 GB with every module; the small packages that scripts/setup installs are found by name.

find_package(OpenCV ${OpenCV_FIND_VERSION} CONFIG QUIET COMPONENTS ${OpenCV_FIND_COMPONENTS})
if(NOT OpenCV_FOUND)
  find_path(OpenCV_INCLUDE_DIR opencv2/core/version.hpp PATH_SUFFIXES opencv4)
  mark_as_advanced(OpenCV_INCLUDE_DIR)
  set(_libraries "")
  foreach(_component IN LISTS OpenCV_FIND_COMPONENTS)
    find_library(OpenCV_${_component}_LIBRARY opencv_${_component})
    mark_as_advanced(OpenCV_${_component}_LIBRARY)
    list(APPEND _libraries OpenCV_${_component}_LIBRARY)
  endforeach()
  if(OpenCV_INCLUDE_DIR)
    file(STRINGS "${OpenCV_INCLUDE_DIR}/opencv2/core/version.hpp" _lines
         REGEX "define CV_VERSION_(MAJOR|MINOR|REVISION) +[0-9]")
    list(TRANSFORM _lines REPLACE ".*_(MAJOR|MINOR|REVISION) +([0-9]+).*" "\\2")
    list(JOIN _lines "." OpenCV_VERSION)
  endif()

  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(
    OpenCV
    REQUIRED_VARS OpenCV_INCLUDE_DIR ${_libraries}
    VERSION_VAR OpenCV_VERSION
    REASON_FAILURE_MESSAGE
      "Run scripts/setup, or configure with -DHYENA_OPENCV=OFF: then JPEG and PNG pictures are refused, everything else works.")
endif()

set(OpenCV_LIBS "")
foreach(_component IN LISTS OpenCV_FIND_COMPONENTS)
  if(OpenCV_FOUND AND NOT TARGET opencv_${_component})
    add_library(opencv_${_component} UNKNOWN IMPORTED)
    set_target_properties(
      opencv_${_component}
      PROPERTIES IMPORTED_LOCATION "${OpenCV_${_component}_LIBRARY}"
                 INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}")
  endif()
  list(APPEND OpenCV_LIBS opencv_${_component})
endforeach()

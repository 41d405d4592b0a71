# Helpers for the product's own targets: one way to declare a library or a program, one way to install them.

option(LDT_WERROR "Warnings are errors" ON)
set(LDT_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")
option(LDT_COVERAGE "Count which branches run (gcov)" OFF)
set(LDT_PUBLISH "" CACHE STRING "Only these of the published libraries go into the package, e.g. base;saga; empty: all")

find_program(LDT_CCACHE ccache)
if(LDT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LDT_CCACHE})
endif()
if(LDT_SANITIZE)
  # -O1: compiles in little more than half the time of -O2, and stacks in reports keep their frames. -g1: names and lines, which
  # is all that reports show.
  add_compile_options(-O1 -g1 -fsanitize=${LDT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LDT_SANITIZE})
  if(LDT_SANITIZE MATCHES undefined AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC's runtime for undefined behaviour writes to stderr only, where a supervisor's restarts hide it. A trap is
    # reported, with its stack, by AddressSanitizer (handle_sigill=1), to the file that log_path names.
    add_compile_options(-fsanitize-undefined-trap-on-error)
  endif()
  if(LDT_SANITIZE MATCHES thread)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)  # TSan knows no fences; Asio's queues have locks beside them
  endif()
endif()
if(LDT_COVERAGE)
  add_compile_options(-O0 --coverage)
  add_link_options(--coverage)
endif()
add_custom_target(published)  # all that the package exports

function(ldt_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
  if(LDT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(LDT_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # With sanitizers GCC 12 sees uninitialised optionals and functions inside Boost's and the standard library's headers.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
endfunction()

# ldt_library(name SOURCES... [DEPENDS libs...] [PUBLISHED [HEADERS globs...]]): a static library ldt_<name>, known as
# ldt::<name>; exported with the package if it is PUBLISHED, with those headers (the folder's, if not said), for the tests
# repository to build against.
function(ldt_library name)
  cmake_parse_arguments(ARG "PUBLISHED" "" "SOURCES;DEPENDS;HEADERS" ${ARGN})
  add_library(ldt_${name} STATIC ${ARG_SOURCES})
  add_library(ldt::${name} ALIAS ldt_${name})
  set_target_properties(ldt_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(ldt_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/ldt>)
  target_compile_features(ldt_${name} PUBLIC cxx_std_20)
  target_link_libraries(ldt_${name} PUBLIC ${ARG_DEPENDS})
  ldt_warnings(ldt_${name})
  if(ARG_PUBLISHED AND (NOT LDT_PUBLISH OR name IN_LIST LDT_PUBLISH))
    add_dependencies(published ldt_${name})
    install(TARGETS ldt_${name} EXPORT ldt ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT published)
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
    if(NOT ARG_HEADERS)
      set(ARG_HEADERS *.h)
    endif()
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${ARG_HEADERS})
    foreach(header ${headers})
      get_filename_component(below ${header} DIRECTORY)
      install(FILES ${header} DESTINATION include/ldt/${folder}/${below} COMPONENT published)
    endforeach()
  endif()
endfunction()

function(ldt_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  # Side by side as once installed: `ldt` finds the services beside itself.
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  if(NOT LDT_SANITIZE)
    # Every order is allocated in one thread and freed in another: glibc's malloc pays for that with locks.
    target_link_libraries(${name} PRIVATE PkgConfig::jemalloc)
  endif()
  ldt_warnings(${name})
  install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

function(ldt_install_package)
  install(EXPORT ldt NAMESPACE ldt:: FILE ldtTargets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ldt COMPONENT published)
  include(CMakePackageConfigHelpers)
  configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/ldtConfig.cmake.in ${CMAKE_BINARY_DIR}/ldtConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ldt)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/ldtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/ldtConfig.cmake ${CMAKE_BINARY_DIR}/ldtConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ldt COMPONENT published)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/api/ DESTINATION share/ldt/api COMPONENT published
    FILES_MATCHING PATTERN "*.proto" PATTERN "openapi.yaml")
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/observability DESTINATION share/ldt COMPONENT published)
  install(FILES ${CMAKE_SOURCE_DIR}/docs/operations.md DESTINATION share/ldt/observability/docs COMPONENT published)
endfunction()

# Helpers for the product's own targets: one way to declare a library or a program, one way to install them.

option(LDT_WERROR "Warnings are errors" ON)
set(LDT_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")

find_program(LDT_CCACHE ccache)
if(LDT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LDT_CCACHE})
endif()
if(LDT_SANITIZE)
  # With sanitizers GCC 12 sees uninitialised optionals and functions inside Boost's and the standard library's headers.
  add_compile_options(-fsanitize=${LDT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LDT_SANITIZE})
endif()

function(ldt_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
  if(LDT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(LDT_SANITIZE)
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
endfunction()

# ldt_library(name SOURCES... [DEPENDS libs...]): a static library ldt_<name>, known as ldt::<name>; exported with the package
# if it is PUBLISHED, for the tests repository to build against.
function(ldt_library name)
  cmake_parse_arguments(ARG "PUBLISHED" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(ldt_${name} STATIC ${ARG_SOURCES})
  add_library(ldt::${name} ALIAS ldt_${name})
  set_target_properties(ldt_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(ldt_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/ldt>)
  target_compile_features(ldt_${name} PUBLIC cxx_std_20)
  target_link_libraries(ldt_${name} PUBLIC ${ARG_DEPENDS})
  ldt_warnings(ldt_${name})
  if(ARG_PUBLISHED)
    install(TARGETS ldt_${name} EXPORT ldt ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
    install(DIRECTORY ./ DESTINATION include/ldt/${folder} FILES_MATCHING PATTERN "*.h"
      PATTERN "server" EXCLUDE PATTERN "rpc.h" EXCLUDE PATTERN "price_feed.h" EXCLUDE)  # not pure, and not published
  endif()
endfunction()

function(ldt_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  # Side by side as once installed: `ldt` finds the services beside itself.
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  ldt_warnings(${name})
  install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

function(ldt_install_package)
  install(EXPORT ldt NAMESPACE ldt:: FILE ldtTargets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ldt)
  include(CMakePackageConfigHelpers)
  configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/ldtConfig.cmake.in ${CMAKE_BINARY_DIR}/ldtConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ldt)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/ldtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/ldtConfig.cmake ${CMAKE_BINARY_DIR}/ldtConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ldt)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/api/ DESTINATION share/ldt/api FILES_MATCHING PATTERN "*.proto" PATTERN "openapi.yaml")
endfunction()

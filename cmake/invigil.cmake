# Flags live on a target; nothing is set globally but where programs go.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Poco REQUIRED COMPONENTS Foundation Net Util Data DataSQLite NetSSL Crypto)
find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)

add_library(invigil_settings INTERFACE)
target_compile_features(invigil_settings INTERFACE cxx_std_20)
target_compile_options(invigil_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # GCC 12 sees overlaps in std::string that are none (GCC bug 105651)
  $<$<BOOL:${INVIGIL_WERROR}>:-Werror>)
target_include_directories(invigil_settings INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(invigil_settings INTERFACE Threads::Threads fmt::fmt)
if(INVIGIL_SANITIZE)
  target_compile_options(invigil_settings INTERFACE -fsanitize=${INVIGIL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(invigil_settings INTERFACE -fsanitize=${INVIGIL_SANITIZE})
endif()
if(INVIGIL_FUZZ)
  target_compile_options(invigil_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()

# invigil_library(NAME SOURCES … USES … TESTS …): a static library and, beside it, NAME_test from TESTS.
function(invigil_library name)
  cmake_parse_arguments(A "" "" "SOURCES;USES;TESTS;TEST_USES" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC invigil_settings ${A_USES})
  if(BUILD_TESTING AND A_TESTS)
    invigil_test(${name}_test SOURCES ${A_TESTS} USES ${name} ${A_TEST_USES})
  endif()
endfunction()

# invigil_program(NAME SOURCES … USES …): an executable in the build folder itself.
function(invigil_program name)
  cmake_parse_arguments(A "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE invigil_settings ${A_USES})
endfunction()

# invigil_test(NAME SOURCES … USES … [ARGS …] [LABELS …] [TIMEOUT s]): a GoogleTest program, one ctest entry.
function(invigil_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;USES;LABELS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(INVIGIL_SANITIZE)  # several times slower
    math(EXPR A_TIMEOUT "${A_TIMEOUT} * 6")
    # The long history keeps the stack of the earlier access, by which the suppressions know whose it was.
    set(sanitizer_options "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp:history_size=7")
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE invigil_settings ${A_USES} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "unit;${A_LABELS}"
    ENVIRONMENT "INVIGIL_BUILD=${PROJECT_BINARY_DIR};INVIGIL_SOURCE=${PROJECT_SOURCE_DIR};${sanitizer_options}")
endfunction()

# invigil_fuzz(NAME SOURCES … USES … CORPUS dir): a libFuzzer target with INVIGIL_FUZZ;
# otherwise the same code runs once over every file of its corpus, as an ordinary test.
function(invigil_fuzz name)
  cmake_parse_arguments(A "" "CORPUS" "SOURCES;USES" ${ARGN})
  if(INVIGIL_FUZZ)
    add_executable(${name} ${A_SOURCES})
    target_link_libraries(${name} PRIVATE invigil_settings ${A_USES} -fsanitize=fuzzer)
    add_test(NAME ${name} COMMAND ${name} -runs=20000 -max_total_time=30 -seed=1 ${CMAKE_CURRENT_BINARY_DIR} ${A_CORPUS})
  else()
    add_executable(${name} ${A_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    target_link_libraries(${name} PRIVATE invigil_settings ${A_USES})
    add_test(NAME ${name} COMMAND ${name} ${A_CORPUS})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
endfunction()

package probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.config.annotation.PathMatchConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.util.pattern.PathPatternParser;

/** A route of Spring MVC under Tomcat, found whatever the case of its letters. */
@SpringBootApplication
@RestController
public class Probe {
    private static final Path FILE = Path.of(System.getenv("PROBE_FILE"));

    @PostMapping("/join")
    String join() throws IOException {
        Files.writeString(FILE, "1", StandardOpenOption.APPEND);
        return "done";
    }

    @GetMapping("/effects")
    Map<String, Long> effects() throws IOException {
        return Map.of("signup", Files.size(FILE));
    }

    @Configuration
    static class AnyCase implements WebMvcConfigurer {
        @Override
        public void configurePathMatch(PathMatchConfigurer configurer) {
            PathPatternParser parser = new PathPatternParser();
            parser.setCaseSensitive(false);
            configurer.setPatternParser(parser);
        }
    }

    public static void main(String[] args) {
        SpringApplication.run(Probe.class, args);
    }
}

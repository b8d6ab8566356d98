package probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.AntPathMatcher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.config.annotation.PathMatchConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.util.UrlPathHelper;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * A route of Spring MVC under Tomcat, found whatever the case of its letters: with the parser of
 * today, or with the matcher of before if PROBE_READER is ant. If that is servlet, a servlet has the
 * effect, and not the route.
 */
@SpringBootApplication
@RestController
public class Probe {
    private static final Path FILE = Path.of(System.getenv("PROBE_FILE"));
    private static final String READER = System.getenv("PROBE_READER");

    /** Counts an effect, if it is that of the one who reads the path. */
    static void happened(boolean inServlet) throws IOException {
        if (inServlet != READER.equals("servlet")) {
            return;
        }
        Files.writeString(FILE, "1", StandardOpenOption.APPEND);
    }

    @PostMapping("/join")
    String join() throws IOException {
        happened(false);
        return "done";
    }

    @GetMapping("/effects")
    Map<String, Long> effects() throws IOException {
        return Map.of("signup", Files.size(FILE));
    }

    @Bean
    ServletRegistrationBean<Servlet> servlet() {
        return new ServletRegistrationBean<>(new Servlet(), "/signup");
    }

    @Configuration
    static class AnyCase implements WebMvcConfigurer {
        @Override
        @SuppressWarnings({"deprecation", "removal"}) // the matcher of before
        public void configurePathMatch(PathMatchConfigurer configurer) {
            if (READER.equals("ant")) {
                AntPathMatcher matcher = new AntPathMatcher();
                matcher.setCaseSensitive(false);
                configurer.setPathMatcher(matcher).setUrlPathHelper(new UrlPathHelper()).setUseTrailingSlashMatch(true);
                return;
            }
            PathPatternParser parser = new PathPatternParser();
            parser.setCaseSensitive(false);
            configurer.setPatternParser(parser);
        }
    }

    public static void main(String[] args) {
        SpringApplication.run(Probe.class, args);
    }
}
